//! Who is in the demo: six publishers, four advertisers, an admin. They sign up as everybody does.

use anyhow::Context;

use super::stage::Stage;
use crate::app::state::DemoLogin;
use crate::auth::members::{self, Admission, SignUp};
use crate::auth::password::NewPassword;
use crate::auth::throttle::Throttle;
use crate::domain::ids::{AdvertiserId, MemberId, PublisherId};
use crate::domain::party::{Acting, Email, Name, PartyKind, Viewer, Website};
use crate::domain::payout_details::{EnteredDetails, PayoutDetails};
use crate::domain::time::{MINUTE_MS, Zone};
use crate::settlement::payout_details;

/// Everybody's, since nothing here is secret.
pub const PASSWORD: &str = "tally stick demo river 7";
pub const ADMIN_EMAIL: &str = "admin@demo.example";
const ADMIN_NAME: &str = "Network desk";

struct Person {
    party: &'static str,
    name: &'static str,
    website: &'static str,
    zone: &'static str,
}

const fn person(party: &'static str, name: &'static str, website: &'static str, zone: &'static str) -> Person {
    Person { party, name, website, zone }
}

const PUBLISHERS: [Person; 6] = [
    person("Garden Letters", "Mira Holm", "https://gardenletters.example/", "Europe/Berlin"),
    person("Trail Notes", "Sam Ortega", "https://trailnotes.example/", "America/New_York"),
    person("Sparfuchs", "Jonas Keller", "https://sparfuchs.example/", "Europe/Berlin"),
    person("Slow Kitchen", "Priya Nair", "https://slowkitchen.example/", "Europe/London"),
    person("Byte Bench", "Alex Chen", "https://bytebench.example/", "America/New_York"),
    person("Night Owl Audio", "Ola Berg", "https://nightowl.example/", "UTC"),
];

const ADVERTISERS: [Person; 4] = [
    person("Nordlicht Outdoor", "Lena Vogt", "https://nordlicht.example/", "Europe/Berlin"),
    person("Copper & Clay", "Grace Miller", "https://copperclay.example/", "America/New_York"),
    person("Lingua Live", "Tomas Novak", "https://lingua.example/", "Europe/Prague"),
    person("Fernweh Travel", "Hanna Roth", "https://fernweh.example/", "Europe/Berlin"),
];

pub struct People {
    pub admin: Viewer,
    pub advertisers: Vec<Viewer>,
    pub publishers: Vec<Viewer>,
}

impl People {
    pub fn advertiser_id(&self, place: usize) -> AdvertiserId {
        match self.advertisers[place].acting {
            Acting::Advertiser(id) => id,
            other => panic!("an advertiser acts as {other:?}"),
        }
    }

    pub fn publisher_id(&self, place: usize) -> PublisherId {
        match self.publishers[place].acting {
            Acting::Publisher(id) => id,
            other => panic!("a publisher acts as {other:?}"),
        }
    }
}

/// Where the publisher's visitors come from.
pub fn website(publisher: usize) -> &'static str {
    PUBLISHERS[publisher].website
}

/// Everybody, for the log-in page.
pub fn logins() -> Vec<DemoLogin> {
    let login = |kind, party: &str, name: &str, email| DemoLogin {
        kind,
        party: party.to_owned(),
        name: name.to_owned(),
        email,
        password: PASSWORD.to_owned(),
    };
    let of = |kind: PartyKind, people: &[Person]| -> Vec<DemoLogin> {
        let numbered = people.iter().enumerate();
        numbered.map(|(place, person)| login(kind, person.party, person.name, email(kind, place))).collect()
    };
    let mut logins = vec![login(PartyKind::Network, "Network", ADMIN_NAME, ADMIN_EMAIL.to_owned())];
    logins.extend(of(PartyKind::Publisher, &PUBLISHERS));
    logins.extend(of(PartyKind::Advertiser, &ADVERTISERS));
    logins
}

fn email(kind: PartyKind, place: usize) -> String {
    format!("{kind}{}@demo.example", place + 1)
}

pub async fn sign_up(stage: &Stage) -> anyhow::Result<People> {
    let app = &stage.app;
    let (email, name) = (Email::parse(ADMIN_EMAIL)?, Name::parse(ADMIN_NAME)?);
    let admin =
        members::create_admin(&app.store, &app.environment, &app.passwords, &email, &name, &password()?).await?;
    let mut people = People {
        admin: viewer(stage, admin, PartyKind::Network).await?,
        advertisers: Vec::new(),
        publishers: Vec::new(),
    };
    for (place, person) in ADVERTISERS.iter().enumerate() {
        people.advertisers.push(join(stage, PartyKind::Advertiser, place, person).await?);
    }
    for (place, person) in PUBLISHERS.iter().enumerate() {
        people.publishers.push(join(stage, PartyKind::Publisher, place, person).await?);
    }
    Ok(people)
}

/// Where publishers are paid; the last one has not said it yet, and so its payouts are carried.
pub async fn enter_details(stage: &Stage, people: &People) -> anyhow::Result<()> {
    let app = &stage.app;
    for (place, person) in PUBLISHERS.iter().enumerate().take(PUBLISHERS.len() - 1) {
        let host = person.website.trim_start_matches("https://").trim_end_matches('/');
        let (method, paypal_email) = ("paypal".to_owned(), format!("money@{host}"));
        let entered = EnteredDetails { method, paypal_email, ..EnteredDetails::default() };
        let by = (people.publisher_id(place), people.publishers[place].member_id);
        let details = PayoutDetails::read(&entered)?;
        payout_details::change(&app.store, &app.environment, &app.secret_key, by, 0, &details).await?;
    }
    Ok(())
}

fn password() -> anyhow::Result<NewPassword> {
    Ok(NewPassword::parse(PASSWORD, &[ADMIN_EMAIL])?)
}

async fn join(stage: &Stage, kind: PartyKind, place: usize, person: &Person) -> anyhow::Result<Viewer> {
    stage.pass(37 * MINUTE_MS);
    let app = &stage.app;
    let request = SignUp {
        email: Email::parse(&email(kind, place))?,
        name: Name::parse(person.name)?,
        password: password()?,
        kind,
        party_name: Name::parse(person.party)?,
        website: Website::parse(person.website)?,
        time_zone: Zone::parse(person.zone)?,
    };
    let passwords = &app.passwords;
    let (store, environment, own) = (&app.store, &app.environment, Throttle::new());
    let address = std::net::IpAddr::from([127, 0, 0, 1]);
    let admission = Admission::Automatic;
    let member = members::sign_up(store, environment, passwords, &own, request, admission, address).await?;
    viewer(stage, member, kind).await
}

async fn viewer(stage: &Stage, member: MemberId, kind: PartyKind) -> anyhow::Result<Viewer> {
    let found = members::viewer(&mut stage.app.store.read().await?, member, kind).await?;
    found.context("who signed up is there")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_password_of_the_demo_is_one_that_may_be_chosen() {
        assert!(password().is_ok());
    }

    #[test]
    fn everybody_has_a_log_in() {
        assert_eq!(logins().len(), 11);
        assert_eq!(logins()[1].email, "publisher1@demo.example");
    }
}
