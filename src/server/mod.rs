//! THE PROCESS: commands, configuration, routes, layers, clock, tasks. Wires everything; nobody imports it.

pub mod assets;
pub mod cli;
pub mod clock;
pub mod config;
pub mod demo;
pub mod layers;
pub mod lease;
pub mod listen;
mod refunds;
pub mod retention;
pub mod router;
pub mod serve;
pub mod tasks;
pub mod telemetry;

use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Context;
use clap::Parser;

use cli::{Cli, Command, CreateAdminOptions, DatabaseOptions, HealthcheckOptions, RotateSecretsOptions};

/// Runs the program: exit 0 done, 1 could not, 2 wrong arguments, 3 `verify` found differences.
pub fn run() -> ExitCode {
    let cli = Cli::parse();
    let command = cli.command.unwrap_or_else(|| Command::Serve(Box::new(cli.serve)));
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return fail(&error.into()),
    };
    match runtime.block_on(execute(command)) {
        Ok(code) => code,
        Err(error) => fail(&error),
    }
}

fn fail(error: &anyhow::Error) -> ExitCode {
    eprintln!("tallystick: {error:#}");
    ExitCode::from(error.downcast_ref::<WrongConfiguration>().map_or(1, |_| 2))
}

/// A value that no start can work with: exit 2.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct WrongConfiguration(pub String);

async fn execute(command: Command) -> anyhow::Result<ExitCode> {
    match command {
        Command::Serve(options) => serve::serve(*options).await?,
        Command::Demo(options) => demo::run(options).await?,
        Command::Migrate(options) => migrate(&options).await?,
        Command::CreateAdmin(options) => create_admin(options).await?,
        Command::Verify(options) => return verify(&options).await,
        Command::RotateSecrets(options) => rotate_secrets(&options).await?,
        Command::Healthcheck(options) => return Ok(healthcheck(&options).await),
    }
    Ok(ExitCode::SUCCESS)
}

async fn migrate(options: &DatabaseOptions) -> anyhow::Result<()> {
    let store = crate::store::Store::open(&options.database_url).await.context("opening the database")?;
    store.close().await;
    println!("The tables are up to date.");
    Ok(())
}

/// A difference found.
const EXIT_DIFFERENCES: u8 = 3;

async fn verify(options: &DatabaseOptions) -> anyhow::Result<ExitCode> {
    use crate::reports::verify;

    let store = crate::store::Store::inspect(&options.database_url).await.context("opening the database")?;
    let checks = verify::verify(&mut store.snapshot_counted().await?).await.context("reading the database")?;
    store.close().await;
    print!("{}", verify::told(&checks));
    let is_same = verify::differences(&checks) == 0;
    Ok(if is_same { ExitCode::SUCCESS } else { ExitCode::from(EXIT_DIFFERENCES) })
}

async fn create_admin(options: CreateAdminOptions) -> anyhow::Result<()> {
    use crate::auth::members;
    use crate::auth::password::{NewPassword, Passwords};
    use crate::domain::party::{Email, Name};

    let wrong = |text: String| anyhow::Error::from(WrongConfiguration(text));
    let email = Email::parse(&options.email).map_err(|error| wrong(format!("--email: {error}")))?;
    let name = Name::parse(&options.name).map_err(|error| wrong(format!("--name: {error}")))?;
    if !options.password_stdin {
        eprintln!("Password for {} (at least 12 characters), then Enter:", email.as_str());
    }
    let password = NewPassword::parse(&config::password_from_stdin()?, &[email.as_str(), name.as_str()]);
    let password = password.map_err(|error| wrong(error.to_string()))?;
    let store = crate::store::Store::open(&options.database.database_url).await.context("opening the database")?;
    // A running network has node 0 on SQLite: this process takes another, so that no id is made twice.
    let mut environment = serve::system_environment(1);
    let lease = if store.is_sqlite() { None } else { Some(lease::Lease::take(&store, &environment).await?) };
    if let Some(lease) = &lease {
        environment.ids = Arc::new(lease::ids(&store, &environment, lease.node()).await?);
    }
    members::create_admin(&store, &environment, &Passwords::new(), &email, &name, &password).await?;
    if let Some(lease) = lease {
        lease.release().await?;
    }
    store.close().await;
    println!("Admin made.");
    Ok(())
}

async fn rotate_secrets(options: &RotateSecretsOptions) -> anyhow::Result<()> {
    use crate::settlement::payout_details::seal_again;
    /// Further ones are counted, not named.
    const NAMED_MAX: usize = 100;

    let url = &options.database.database_url;
    let _one = config::one_process(url)?;
    let environment = serve::system_environment(0);
    let new = config::secret_key(options.secret_key.as_ref(), url, &*environment.entropy)
        .map_err(|error| WrongConfiguration(format!("{error:#}")))?;
    let store = crate::store::Store::open(url).await.context("opening the database")?;
    let done = seal_again(&store, &environment, &options.secret_key_old, &new).await?;
    store.close().await;
    println!("Payout details sealed again under the new key: {}", done.count);
    for closed in done.closed.iter().take(NAMED_MAX) {
        eprintln!("{closed}");
    }
    let closed = done.closed.len();
    anyhow::ensure!(closed == 0, "payout details that open under neither key, and stay as they are: {closed}");
    Ok(())
}

async fn healthcheck(options: &HealthcheckOptions) -> ExitCode {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let ask = async {
        let mut stream = tokio::net::TcpStream::connect(options.listen_addr).await?;
        stream.write_all(b"GET /readyz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").await?;
        let mut answer = String::new();
        stream.take(4_096).read_to_string(&mut answer).await?;
        std::io::Result::Ok(answer)
    };
    match tokio::time::timeout(std::time::Duration::from_secs(5), ask).await {
        Ok(Ok(answer)) if answer.starts_with("HTTP/1.1 200") => {
            println!("ready");
            ExitCode::SUCCESS
        }
        Ok(Ok(answer)) => {
            eprintln!("not ready: {}", answer.lines().next().unwrap_or("no answer"));
            ExitCode::FAILURE
        }
        Ok(Err(error)) => {
            eprintln!("not ready: {error}");
            ExitCode::FAILURE
        }
        Err(_) => {
            eprintln!("not ready: no answer within 5 seconds");
            ExitCode::FAILURE
        }
    }
}
