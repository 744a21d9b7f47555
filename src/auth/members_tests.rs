//! Members from sign-up to log-in, on a database of their own.

use std::sync::Arc;

use argon2::password_hash::{PasswordHasher, SaltString};
use argon2::{Algorithm, Argon2, Params, Version};

use super::fixtures::{HandClock, environment, store};
use super::members::*;
use super::password::{NewPassword, Passwords};
use super::session::Lifetime;
use super::throttle::{Throttle, Throttled};
use crate::domain::environment::Environment;
use crate::domain::ids::MemberId;
use crate::domain::party::{Acting, Email, MemberState, Name, PartyKind, PartyState, Role, Viewer, Website};
use crate::domain::time::Zone;
use crate::store::{Store, members as rows, parties};

const PASSWORD: &str = "correct horse battery";

struct Setting {
    store: Store,
    env: Environment,
    clock: Arc<HandClock>,
    passwords: Passwords,
    throttle: Throttle,
    _folder: tempfile::TempDir,
}

async fn setting() -> Setting {
    let (store, folder) = store().await;
    let (env, clock) = environment();
    Setting { store, env, clock, passwords: Passwords::new(), throttle: Throttle::new(), _folder: folder }
}

fn email(text: &str) -> Email {
    Email::parse(text).unwrap()
}

fn form(address: &str, kind: PartyKind) -> SignUp {
    SignUp {
        email: email(address),
        name: Name::parse("Ada").unwrap(),
        password: NewPassword::parse(PASSWORD, &[]).unwrap(),
        kind,
        party_name: Name::parse("Engine Reviews").unwrap(),
        website: Website::default(),
        time_zone: Zone::parse("Europe/London").unwrap(),
    }
}

impl Setting {
    async fn sign_up(&self, form: SignUp) -> Result<MemberId, SignUpRefused> {
        let address = "198.51.100.7".parse().unwrap();
        sign_up(&self.store, &self.env, &self.passwords, &self.throttle, form, Admission::Manual, address).await
    }

    async fn log_in(&self, email: &str, password: &str) -> Result<LoggedIn, LogInRefused> {
        let address = "198.51.100.7".parse().unwrap();
        log_in(&self.store, &self.env, &self.passwords, &self.throttle, email, password, address).await
    }

    async fn viewer(&self, member: MemberId, kind: PartyKind) -> Option<Viewer> {
        viewer(&mut self.store.read().await.unwrap(), member, kind).await.unwrap()
    }

    async fn stored_hash(&self) -> String {
        let mut conn = self.store.read().await.unwrap();
        rows::find_by_email(&mut conn, &email("ada@example.com")).await.unwrap().unwrap().password_hash
    }
}

#[tokio::test]
async fn who_signs_up_owns_a_party_that_waits_for_admission_and_logs_in() {
    let setting = setting().await;
    let member = setting.sign_up(form("ada@example.com", PartyKind::Publisher)).await.unwrap();
    let viewer = setting.viewer(member, PartyKind::Publisher).await.unwrap();
    assert!(matches!(viewer.acting, Acting::Publisher(_)));
    assert_eq!((viewer.role, viewer.party_state), (Role::Owner, PartyState::Applied));
    assert_eq!((viewer.party_name.as_str(), viewer.time_zone.as_str()), ("Engine Reviews", "Europe/London"));
    assert_eq!(setting.viewer(member, PartyKind::Advertiser).await, None);
    assert_eq!(setting.viewer(member, PartyKind::Network).await, None);
    let logged_in = setting.log_in(" Ada@Example.com", PASSWORD).await.unwrap();
    assert_eq!(logged_in, LoggedIn { member_id: member, lifetime: Lifetime::Member });
}

#[tokio::test]
async fn an_address_has_one_member_and_a_refusal_leaves_nothing_behind() {
    let setting = setting().await;
    setting.sign_up(form("ada@example.com", PartyKind::Publisher)).await.unwrap();
    let again = setting.sign_up(form("ADA@example.com", PartyKind::Advertiser)).await;
    assert!(matches!(again, Err(SignUpRefused::EmailTaken)), "{again:?}");
    let network = setting.sign_up(form("eve@example.com", PartyKind::Network)).await;
    assert!(matches!(network, Err(SignUpRefused::KindNotOpen)), "{network:?}");
    let mut conn = setting.store.read().await.unwrap();
    assert_eq!(parties::list(&mut conn, None, None, 10).await.unwrap().len(), 2, "the network and Ada's");
}

#[tokio::test]
async fn an_admin_acts_for_the_network_and_stays_logged_in_shorter() {
    let setting = setting().await;
    let (store, env, passwords) = (&setting.store, &setting.env, &setting.passwords);
    let (address, name) = (email("root@example.com"), Name::parse("Root").unwrap());
    let password = NewPassword::parse(PASSWORD, &[]).unwrap();
    let member = create_admin(store, env, passwords, &address, &name, &password).await.unwrap();
    let viewer = setting.viewer(member, PartyKind::Network).await.unwrap();
    assert_eq!((viewer.acting, viewer.role), (Acting::Admin, Role::Admin));
    assert_eq!(setting.log_in("root@example.com", PASSWORD).await.unwrap().lifetime, Lifetime::Admin);
    let again = create_admin(store, env, passwords, &address, &name, &password).await;
    assert!(matches!(again, Err(SignUpRefused::EmailTaken)));
}

#[tokio::test]
async fn registered_or_not_one_hash_is_computed_and_the_answer_is_the_same() {
    let setting = setting().await;
    setting.sign_up(form("ada@example.com", PartyKind::Publisher)).await.unwrap();
    for address in ["ada@example.com", "nobody@example.com", "not an address", ""] {
        let before = setting.passwords.computed();
        let refused = setting.log_in(address, "another horse battery").await.unwrap_err();
        assert!(matches!(refused, LogInRefused::Wrong), "{address}");
        assert_eq!(setting.passwords.computed() - before, 1, "{address}");
    }
}

#[tokio::test]
async fn guessing_is_slowed_down_and_then_not_even_computed() {
    let setting = setting().await;
    setting.sign_up(form("ada@example.com", PartyKind::Publisher)).await.unwrap();
    for _ in 0..5 {
        assert!(matches!(setting.log_in("ada@example.com", "a guess").await, Err(LogInRefused::Wrong)));
    }
    let before = setting.passwords.computed();
    let refused = setting.log_in("ada@example.com", PASSWORD).await;
    assert!(matches!(refused, Err(LogInRefused::Throttled(Throttled { retry_after_seconds: 1 }))), "{refused:?}");
    assert_eq!(setting.passwords.computed(), before);
}

#[tokio::test]
async fn a_network_that_signs_up_without_end_waits_and_nothing_is_computed() {
    let setting = setting().await;
    for _ in 0..60 {
        drop(setting.throttle.admit_sign_up("198.51.100.200".parse().unwrap(), setting.env.now()).unwrap());
    }
    let before = setting.passwords.computed();
    let refused = setting.sign_up(form("ada@example.com", PartyKind::Publisher)).await;
    assert!(matches!(refused, Err(SignUpRefused::Throttled(Throttled { retry_after_seconds: 1 }))), "{refused:?}");
    assert_eq!(setting.passwords.computed(), before);
    setting.clock.advance(1_000);
    setting.sign_up(form("ada@example.com", PartyKind::Publisher)).await.unwrap();
    let next = setting.sign_up(form("bob@example.com", PartyKind::Publisher)).await;
    assert!(matches!(next, Err(SignUpRefused::Throttled(_))), "{next:?}");
}

#[tokio::test]
async fn a_hash_of_former_days_is_replaced_at_log_in_unless_it_changed_in_between() {
    let setting = setting().await;
    let member = setting.sign_up(form("ada@example.com", PartyKind::Publisher)).await.unwrap();
    let former = Argon2::new(Algorithm::Argon2id, Version::V0x13, Params::new(8_192, 1, 1, None).unwrap());
    let salt = SaltString::encode_b64(&[7; 16]).unwrap();
    let old = former.hash_password(PASSWORD.as_bytes(), &salt).unwrap().to_string();
    let mut w = setting.store.write().await.unwrap();
    rows::update_password(&mut w, member, &old).await.unwrap();
    w.commit().await.unwrap();
    setting.log_in("ada@example.com", PASSWORD).await.unwrap();
    let current = setting.stored_hash().await;
    assert!(current.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{current}");
    let mut w = setting.store.write().await.unwrap();
    rows::replace_password(&mut w, member, &old, "late").await.unwrap();
    w.commit().await.unwrap();
    assert_eq!(setting.stored_hash().await, current);
    setting.log_in("ada@example.com", PASSWORD).await.unwrap();
}

#[tokio::test]
async fn a_disabled_member_is_nobody_and_is_not_told() {
    let setting = setting().await;
    let member = setting.sign_up(form("ada@example.com", PartyKind::Publisher)).await.unwrap();
    let mut w = setting.store.write().await.unwrap();
    rows::update_state(&mut w, member, MemberState::Disabled).await.unwrap();
    w.commit().await.unwrap();
    assert_eq!(setting.viewer(member, PartyKind::Publisher).await, None);
    assert!(parties_of(&mut setting.store.read().await.unwrap(), member).await.unwrap().is_empty());
    assert!(matches!(setting.log_in("ada@example.com", PASSWORD).await, Err(LogInRefused::Wrong)));
}
