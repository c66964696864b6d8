//! Given and then: people of the matrix of accounts, and what chiefs decide on them.

use cloud::store::{Schedule, StoredReview};
use serde_json::json;
use types::Date;
use types::format::accounts::{Change, Holder, HolderId};
use types::mail::day;
use types::quarter::Quarter;

use crate::case::now;
use crate::people::address;
use crate::world::World;

impl World {
    /// A contractor with mail and Orfeo until the end of his contract, as signed forms would
    /// have left him.
    ///
    /// # Panics
    /// When he is there already.
    pub async fn has_accounts(&self, document: &str, chief: &str, end: Date) -> Holder {
        let account = |system: &str, username: &str, profile: &str| {
            json!({
                "system": system, "username": username, "profile": profile,
                "granted_at": "2026-01-15T13:00:00Z", "granted_by": 1, "valid_until": end
            })
        };
        let holder = json!({
            "id": HolderId::of("CC", document),
            "document_type": "CC", "document_number": document,
            "name": "Ricardo Pérez", "first_names": "Ricardo", "last_names": "Pérez",
            "kind": "contractor", "unit": "Supervisión de Contratos", "boss": chief,
            "contract": "318", "contract_end": end, "equipment": false,
            "accounts": [
                account("correo", "ricardo.perez", "contratista"),
                account("orfeo", "rperez", "radicador")
            ],
            "version": 1
        });
        let stored = self.desk.store.catalogue().await.unwrap();
        let holder: Holder = serde_json::from_value(holder).unwrap();
        let holder = holder.armed(&stored.catalogue);
        let change = Change { holder, over: None };
        self.desk.store.write_holder(&change).await.unwrap();
        change.holder
    }

    /// Changes a person, as a signed form would.
    ///
    /// # Panics
    /// When somebody else does.
    pub async fn changes_holder(&self, id: &HolderId, change: impl FnOnce(&mut Holder)) -> Holder {
        let before = self.holder(id).await;
        let mut after = before.clone();
        change(&mut after);
        let stored = self.desk.store.catalogue().await.unwrap();
        let change = Change::of(Some(&before), after.armed(&stored.catalogue)).unwrap();
        self.desk.store.write_holder(&change).await.unwrap();
        change.holder
    }

    /// A person of the matrix now.
    ///
    /// # Panics
    /// When there is none.
    pub async fn holder(&self, id: &HolderId) -> Holder {
        self.desk.store.holder(id).await.unwrap().unwrap()
    }

    /// A chief's review of a quarter.
    pub async fn review(&self, quarter: Quarter, chief: &str) -> Option<StoredReview> {
        let found = self.desk.store.review(quarter, &address(chief)).await;
        found.unwrap()
    }

    /// When the matrix is gone through next.
    pub async fn review_schedule(&self) -> Option<Schedule> {
        self.desk.store.review_schedule().await.unwrap()
    }

    /// The quarter that is.
    pub fn quarter(&self) -> Quarter {
        Quarter::of(day(now()))
    }
}
