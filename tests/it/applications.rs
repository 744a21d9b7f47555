//! Publishers apply to a campaign, and its advertiser decides.

use tallystick::auth::members::Admission;
use tallystick::domain::enrollment::EnrollmentState;
use tallystick::domain::ids::{CampaignId, EnrollmentId, LinkId, MemberId, PublisherId};
use tallystick::store::campaigns;
use tallystick::store::enrollments::{self, NewEnrollment};

use crate::campaigns::create;
use crate::members::sign_up;
use crate::support::{Browser, Kind, TestApp};

#[tokio::test]
async fn an_advertiser_decides_about_its_own_applications_only() {
    for kind in Kind::all() {
        let app = TestApp::start_with(kind, Admission::Automatic).await;
        let advertiser = sign_up(&app, "advertiser", "Nordlicht Outdoor").await;
        let stranger = sign_up(&app, "advertiser", "Rival").await;
        sign_up(&app, "publisher", "Garden Letters").await;
        let id = create(&app, &advertiser, &[]).await;
        let enrollment = apply(&app, id).await;
        assert!(advertiser.get("/advertiser").await.text.contains("waiting for you"));
        assert!(advertiser.get("/advertiser/publishers").await.text.contains("Garden Letters"));
        assert!(!stranger.get("/advertiser/publishers").await.text.contains("Garden Letters"));

        let decide = |version: &'static str, state: &'static str, reason: &'static str| {
            let id = enrollment.to_string();
            [
                ("enrollment_id", id),
                ("version", version.to_owned()),
                ("state", state.to_owned()),
                ("reason", reason.to_owned()),
            ]
        };
        let state = async || {
            let mut conn = app.store.read().await.unwrap();
            let list = campaigns::get(&mut conn, id).await.unwrap();
            enrollments::list_of_advertiser(&mut conn, list.advertiser_id, 9).await.unwrap()[0].state
        };
        let send = async |browser: &Browser, fields: [(&str, String); 4]| {
            let fields = fields.each_ref().map(|(name, value)| (*name, value.as_str()));
            let answer = browser.post("/api/decide_enrollment", &fields).await;
            browser.get(answer.location()).await.text
        };
        send(&stranger, decide("1", "approved", "")).await;
        assert_eq!(state().await, EnrollmentState::Applied);
        assert!(send(&advertiser, decide("1", "declined", "")).await.contains("Say why"));
        assert!(send(&advertiser, decide("1", "ended", "Why")).await.contains("This enrollment is applied"));
        let said = send(&advertiser, decide("1", "approved", "")).await;
        assert!(said.contains("Garden Letters in Winter boots: approved."), "{said}");
        let said = send(&advertiser, decide("2", "ended", "Brand bidding.")).await;
        assert!(said.contains("ended.") && said.contains("Brand bidding."));
        assert_eq!(state().await, EnrollmentState::Ended);
        app.stop().await;
    }
}

/// The newest publisher applies; its own page for that is another test's.
async fn apply(app: &TestApp, campaign: CampaignId) -> EnrollmentId {
    use tallystick::domain::party::PartyKind;
    use tallystick::store::parties;
    let publisher = parties::list(&mut app.store.read().await.unwrap(), Some(PartyKind::Publisher), None, 1).await;
    let enrollment = NewEnrollment {
        enrollment_id: app.environment.new_id(EnrollmentId),
        campaign_id: campaign,
        publisher_id: PublisherId(publisher.unwrap()[0].party_id.0),
        state: EnrollmentState::Applied,
        terms_version: 1,
        accepted_by: MemberId(1),
        at: app.environment.now(),
        default_link_id: app.environment.new_id(LinkId),
    };
    let mut w = app.store.write().await.unwrap();
    enrollments::insert(&mut w, &enrollment).await.unwrap();
    w.commit().await.unwrap();
    enrollment.enrollment_id
}
