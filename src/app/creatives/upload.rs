//! `POST /creatives/upload`: the form with a banner's file. Not a server function, since those panic at a body that is
//! no form of parts; it answers as they do, by a redirect with a flash.

use axum::extract::multipart::MultipartRejection;
use axum::extract::{Multipart, State};
use axum::response::Response;
use tower_sessions::Session;

use super::adding::{self, CREATIVES_MAX, Entered};
use crate::app::advertiser::advertiser_of;
use crate::app::error::ApiError;
use crate::app::forms;
use crate::app::multipart::{self, File};
use crate::app::state::App;
use crate::auth::session::{self, Flash};
use crate::creatives::raster;
use crate::domain::creative::CreativeKind;
use crate::domain::ids::{AdvertiserId, CampaignId};
use crate::domain::party::PartyKind;
use crate::domain::raster::{FILE_BYTES_MAX, RasterRefused};
use crate::store::campaigns::{self, Campaign};

/// A larger form is refused before it is read; one up to here gets a sentence, and what was entered back.
pub const FORM_BYTES_MAX: usize = 32 * 1_024 * 1_024;

pub async fn upload(State(app): State<App>, session: Session, form: Result<Multipart, MultipartRejection>) -> Response {
    multipart::answer(take(&app, &session, form).await)
}

/// Gives the page to go to.
async fn take(app: &App, session: &Session, form: Result<Multipart, MultipartRejection>) -> Result<String, ApiError> {
    let viewer = forms::viewer_of(app, session, PartyKind::Advertiser).await?;
    let advertiser = advertiser_of(&viewer)?;
    let mut form = form.map_err(|_| ApiError::NotFound)?;
    let campaign = campaign_of(app, advertiser, &mut form).await?;
    let (entered, file) = read(&mut form).await?;
    let id = campaign.campaign_id;
    let (place, flash) = match add(app, advertiser, &campaign, &entered, file).await? {
        Ok(()) => (adding::page_of(id), Flash::ok(&adding::ready("banner", &entered))),
        Err((field, message)) => {
            let values = entered.values().map(|(name, value)| (name, value.to_owned()));
            (adding::form_of(id, CreativeKind::Banner), Flash::problem(field, &message, values))
        }
    };
    session::put_flash(session, flash).await.map_err(|_| ApiError::Unavailable)?;
    Ok(place)
}

async fn campaign_of(app: &App, advertiser: AdvertiserId, form: &mut Multipart) -> Result<Campaign, ApiError> {
    let id: CampaignId = multipart::first(form, "campaign_id").await?.parse()?;
    Ok(campaigns::get_of_advertiser(&mut app.store.read().await?, advertiser, id).await?)
}

async fn read(form: &mut Multipart) -> Result<(Entered, File), ApiError> {
    let (mut entered, mut file) = (Entered::default(), File::default());
    while let Some(field) = form.next_field().await.map_err(multipart::broken)? {
        let name = field.name().unwrap_or("").to_owned();
        if name == "file" {
            file = multipart::file(field, FILE_BYTES_MAX).await?;
            continue;
        }
        let text = multipart::text(&name, field).await?;
        match name.as_str() {
            "name" => entered.name = text,
            "words" => entered.words = text,
            "destination" => entered.destination = text,
            _ => {}
        }
    }
    Ok((entered, file))
}

type Refusal = (&'static str, String);

async fn add(
    app: &App,
    advertiser: AdvertiserId,
    campaign: &Campaign,
    entered: &Entered,
    file: File,
) -> Result<Result<(), Refusal>, ApiError> {
    let refused = |refused: RasterRefused| ("file", forms::sentence(&refused.to_string()));
    let checked = match entered.check(app, campaign) {
        Ok(checked) => checked,
        Err(refusal) => return Ok(Err(refusal)),
    };
    if file.is_too_large {
        return Ok(Err(refused(RasterRefused::TooLarge)));
    }
    let raster = match raster::read(file.bytes, file.name, file.content_type).await {
        Ok(raster) => raster,
        Err(error) => return Ok(Err(refused(error))),
    };
    let added = adding::add(app, advertiser, campaign.campaign_id, checked, Some(raster)).await?;
    Ok(added.map(drop).ok_or_else(|| ("", too_many())))
}

/// Says what a full campaign means.
pub fn too_many() -> String {
    format!("The campaign has {CREATIVES_MAX} creatives, as many as there can be.")
}
