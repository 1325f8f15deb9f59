//! What is under lock: it is in no output, no error and no file, and new keys take over.

use std::sync::Arc;

use payme_adapters::driver::Gateway;
use payme_adapters::store::memory::MemoryStore;
use payme_adapters::store::sqlite::SqliteStore;
use payme_adapters::system::FixedClock;
use payme_adapters::vault::{Belongs, KeyRing, Sealed, Secret};
use payme_core::ports::{Random, Store};

use super::world::{
    ACCOUNT_REF, LEGAL_NAME, RING, TOKEN, World, gateway_over, new_account, new_destination, now,
    settlement, usd, user,
};

/// The names of the keys of a ring are its own; what else of it must not be told.
fn planted() -> [&'static str; 4] {
    [ACCOUNT_REF, TOKEN, LEGAL_NAME, "account-planted"]
}

#[tokio::test]
async fn no_file_output_or_error_holds_a_secret() {
    let dir = tempfile::TempDir::new().unwrap();
    let path = dir.path().join("payme.db");
    let store = SqliteStore::open(path.to_str().unwrap()).await.unwrap();
    let world = World::over(Arc::new(store.clone())).await;
    let gateway = &world.gateway;
    let key = gateway.issue_key(world.own).await.unwrap();
    let mut told = vec![format!("{gateway:?} {key:?}")];
    let account = new_account(1, None);
    let destination = new_destination(1);
    told.push(format!("{account:?} {destination:?}"));
    let mut wrong = new_account(3, None);
    wrong.account_ref = Secret::new(format!("{ACCOUNT_REF}\n"));
    let mut bad = new_destination(1);
    bad.legal_name = Secret::new(format!(" {LEGAL_NAME}"));
    for error in [
        gateway.link(world.own, account).await.map(drop).unwrap_err(),
        gateway.link(world.own, wrong).await.map(drop).unwrap_err(),
        gateway.link(world.other, new_account(1, Some(usd(10_000)))).await.map(drop).unwrap_err(),
        gateway.link_destination(user(1), bad).await.map(drop).unwrap_err(),
    ] {
        told.push(format!("{error} {error:?}"));
    }
    for row in store_rows(&store).await {
        told.push(row);
    }
    let told = told.join("\n");
    for secret in planted() {
        assert!(!told.contains(secret), "{secret} in {told}");
    }
    assert!(!told.contains(key.reveal()));
    // Before and after the log beside the file is written into it.
    for _ in 0..2 {
        let mut files = 0;
        for file in std::fs::read_dir(dir.path()).unwrap() {
            let bytes = std::fs::read(file.unwrap().path()).unwrap();
            files += usize::from(!bytes.is_empty());
            for secret in planted().into_iter().chain([key.reveal()]) {
                let found = bytes.windows(secret.len()).any(|window| window == secret.as_bytes());
                assert!(!found, "{secret}");
            }
        }
        assert!(files > 0);
        store.close().await;
    }
}

/// A source of ids that has no secret bytes to give.
struct NoSecrets;

impl Random for NoSecrets {
    fn bytes(&self) -> [u8; 10] {
        [7; 10]
    }
}

#[tokio::test]
async fn nothing_is_sealed_with_bytes_that_can_be_guessed() {
    let (world, store) = World::new().await;
    let ring = KeyRing::parse(RING).unwrap();
    let payouts = world.gateway.payouts().clone();
    let clock = Arc::new(FixedClock(now()));
    let gateway = Gateway::new(payouts, store, clock, Arc::new(NoSecrets), Some(ring));
    let codes = [
        gateway.issue_key(world.own).await.map(drop).unwrap_err().code(),
        gateway.link(world.own, new_account(3, None)).await.map(drop).unwrap_err().code(),
        gateway.link_destination(user(9), new_destination(9)).await.map(drop).unwrap_err().code(),
    ];
    assert_eq!(codes, ["no_randomness"; 3]);
}

/// Every row that holds something under lock, as `Debug` shows it.
async fn store_rows(store: &dyn Store) -> Vec<String> {
    let details = store.account_details_after(None, 99).await.unwrap();
    let destinations = store.destinations_after(None, 99).await.unwrap();
    assert_eq!((details.len(), destinations.len()), (2, 8));
    vec![format!("{details:?} {destinations:?}")]
}

#[tokio::test]
async fn a_new_key_takes_over_and_the_old_one_can_go() {
    let store = Arc::new(MemoryStore::new());
    let rail = World::over(store.clone()).await.rail;
    let (new, old) = RING.split_once('\n').unwrap();
    // The world sealed with the first key; now the other one is the first.
    let turned = format!("{old}\n{new}");
    let gateway = gateway_over(store.clone(), rail.clone(), Some(&turned));
    let none_yet = gateway_over(store.clone(), rail.clone(), Some(old));
    assert_eq!(none_yet.reseal_all().await.unwrap_err().code(), "vault_unknown_key");
    let first = gateway.reseal_all().await.unwrap();
    assert_eq!((first.resealed, first.unchanged), (10, 0));
    let again = gateway.reseal_all().await.unwrap();
    assert_eq!((again.resealed, again.unchanged), (0, 10), "again changes nothing");
    let alone = gateway_over(store.clone(), rail, Some(old));
    assert_eq!(alone.reseal_all().await.unwrap().unchanged, 10, "without the other key");
    let ring = KeyRing::parse(old).unwrap();
    let world: &dyn Store = store.as_ref();
    let account = world.account_of(settlement(1)).await.unwrap().unwrap();
    let details = world.account_details(account.id).await.unwrap().unwrap();
    let sealed = Sealed::from_stored(details.account_ref.as_str().to_owned()).unwrap();
    let field = "settlement_account.account_ref";
    let belongs = Belongs { field, id: account.id.uuid() };
    assert_eq!(ring.open(&sealed, belongs).unwrap().reveal(), ACCOUNT_REF);
    // It opens for no other account and no other field.
    let other = world.account_of(settlement(2)).await.unwrap().unwrap().id.uuid();
    for moved in [Belongs { id: other, ..belongs }, Belongs { field: "legal_name", ..belongs }] {
        assert_eq!(ring.open(&sealed, moved).unwrap_err().code(), "vault_tampered");
    }
}

#[cfg(feature = "plaid-transfer")]
#[tokio::test]
async fn a_rail_finds_the_secrets_of_the_active_destination() {
    use payme_adapters::driver::StoredDestinations;
    use payme_adapters::plaid::transfer::{DestinationError, DestinationSecrets as _};
    use payme_adapters::vault::VaultError;

    let (world, store) = World::new().await;
    let ring = KeyRing::parse(RING).unwrap();
    let found = StoredDestinations::new(store.clone(), ring);
    let destination = found.destination(user(1)).await.unwrap().unwrap();
    assert_eq!(destination.access_token.reveal(), format!("{TOKEN} 1"));
    assert_eq!(destination.legal_name.reveal(), format!("{LEGAL_NAME} 1"));
    assert!(found.destination(user(9)).await.unwrap().is_none());
    world.gateway.revoke_destination(user(1)).await.unwrap();
    assert!(found.destination(user(1)).await.unwrap().is_none());
    let other = KeyRing::parse("other:HxwdGhsYGRYXFBUSExAREA8MDQoLCAkGBwQFAgMAAQE=").unwrap();
    let locked = StoredDestinations::new(store, other);
    let error = locked.destination(user(2)).await.unwrap_err();
    assert!(matches!(error, DestinationError::Locked(VaultError::UnknownKey(_))), "{error}");
}
