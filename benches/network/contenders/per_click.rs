//! The usual design: for every click select the link, insert the click, update the counter, commit. The same database
//! library, the same promise of the commit, one write connection.

use std::str::FromStr;
use std::sync::Arc;

use axum::body::Body;
use hyper::body::Incoming;
use hyper::{Request, Response};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous};
use tallystick::domain::environment::Environment;
use tallystick::domain::ids::ClickId;

use super::serve::{failed, found, serve, slug};
use crate::product;

const TABLES: &str = "
    create table if not exists links (slug text primary key, link_id integer not null, destination text not null,
        clicks integer not null);
    create table if not exists clicks (click_id integer primary key, link_id integer not null, address text not null,
        user_agent text not null, referrer text not null, sub1 text not null);";

struct Parts {
    read: SqlitePool,
    write: SqlitePool,
    environment: Environment,
}

/// `slugs` is a file with one a line.
pub async fn run(database_url: &str, slugs: &std::path::Path) -> anyhow::Result<()> {
    let options = SqliteConnectOptions::from_str(database_url)?
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full);
    let write = SqlitePoolOptions::new().max_connections(1).connect_with(options.clone()).await?;
    let read = SqlitePoolOptions::new().max_connections(8).connect_with(options).await?;
    sqlx::raw_sql(TABLES).execute(&write).await?;
    let mut transaction = write.begin().await?;
    for (slug, number) in std::fs::read_to_string(slugs)?.lines().zip(1_i64..) {
        sqlx::query("insert into links values ($1, $2, 'https://www.shop.example/boots/compare', 0)")
            .bind(slug)
            .bind(number)
            .execute(&mut *transaction)
            .await?;
    }
    transaction.commit().await?;
    let parts = Arc::new(Parts { read, write, environment: product::environment() });
    serve(move |request| {
        let parts = parts.clone();
        async move { parts.answer(&request).await.unwrap_or_else(|_| failed(503)) }
    })
    .await
}

impl Parts {
    async fn answer(&self, request: &Request<Incoming>) -> sqlx::Result<Response<Body>> {
        let link: Option<(i64, String)> = sqlx::query_as("select link_id, destination from links where slug = $1")
            .bind(slug(request))
            .fetch_optional(&self.read)
            .await?;
        let Some((link_id, destination)) = link else { return Ok(failed(404)) };
        let click_id = self.environment.new_id(ClickId);
        let text = |name: &str| request.headers().get(name).and_then(|value| value.to_str().ok()).unwrap_or("");
        let mut transaction = self.write.begin_with("begin immediate").await?;
        sqlx::query("insert into clicks values ($1, $2, $3, $4, $5, $6)")
            .bind(click_id.0)
            .bind(link_id)
            .bind(text("x-forwarded-for"))
            .bind(text("user-agent"))
            .bind(text("referer"))
            .bind(request.uri().query().unwrap_or(""))
            .execute(&mut *transaction)
            .await?;
        sqlx::query("update links set clicks = clicks + 1 where slug = $1")
            .bind(slug(request))
            .execute(&mut *transaction)
            .await?;
        transaction.commit().await?;
        Ok(found(&format!("{destination}?click_id={click_id}")))
    }
}
