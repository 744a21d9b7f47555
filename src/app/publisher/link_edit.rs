//! Changing a tracking link: its address stays, and the clicks it had.

use leptos::prelude::*;

use super::destinations;
use super::link_fields::LinkFields;
use super::link_making::Entered;
use crate::app::api::link::UpdateLink;
use crate::app::forms;
use crate::app::page::{role_page, zone_of};
use crate::app::ui::{Hidden, Submit};
use crate::domain::ids::LinkId;
use crate::domain::link::SubIds;
use crate::domain::party::PartyKind;
use crate::domain::time::Zone;
use crate::store::campaigns;
use crate::store::links::{self, Link};

#[component]
pub fn EditLinkPage() -> impl IntoView {
    role_page(PartyKind::Publisher, "Edit a link", async |request, viewer| {
        let publisher = forms::publisher_of(&viewer)?;
        let id: LinkId = request.param("id")?;
        let mut conn = request.app.store.snapshot().await?;
        let link = links::get_of_publisher(&mut conn, publisher, id).await?;
        let campaign = campaigns::get(&mut conn, link.campaign_id).await?;
        let tags = links::tags_of(&mut conn, &link).await?;
        drop(conn);
        let action = ServerAction::<UpdateLink>::new();
        let page = format!("/publisher/links/{id}");
        let problem = request.problem("");
        let hosts = format!(
            "Empty: the landing page, {}. Else a page on {}.",
            campaign.landing_url,
            destinations::hosts_text(&campaign)
        );
        let entered = entered(&link, &tags, &zone_of(&viewer));
        Ok(view! {
            <nav class="breadcrumb" aria-label="Breadcrumb">
                <ol>
                    <li><a href="/publisher/links">"Links"</a></li>
                    <li><a href=page.clone()>{link.name.clone()}</a></li>
                    <li aria-current="page">"Edit"</li>
                </ol>
            </nav>
            <div class="page-head"><h1>{format!("Edit {}", link.name)}</h1></div>
            {(!problem.is_empty()).then(|| view! { <p class="error">{problem}</p> })}
            <ActionForm action=action attr:class="form">
                <Hidden name="link_id" value=id.to_string()/>
                <Hidden name="version" value=link.version.to_string()/>
                <LinkFields request=request link=entered hosts=hosts/>
                <div class="btn-row">
                    <Submit label="Save"/>
                    <a class="btn btn-quiet" href=page>"Cancel"</a>
                </div>
            </ActionForm>
        }
        .into_any())
    })
}

fn entered(link: &Link, tags: &[String], zone: &Zone) -> Entered {
    let last_day = link.expires_at_ms.map(|end| zone.day_of(end.plus_ms(-1)).to_string());
    Entered {
        name: link.name.clone(),
        destination: link.destination.clone(),
        subs: SubIds::from(link.subs.clone()).0.map(Option::unwrap_or_default),
        last_day: last_day.unwrap_or_default(),
        fallback: link.fallback.clone(),
        tags: tags.join(", "),
    }
}
