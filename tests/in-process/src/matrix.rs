//! Given and then: people of the matrix of accounts, and what chiefs decide on them.

use cloud::store::{NoticeRow, Schedule, StoredReview};
use serde_json::json;
use types::Date;
use types::format::accounts::{Change, Holder, HolderId};
use types::mail::{bounds, day};
use types::quarter::Quarter;
use types::review::{AccountId, Asked, Notice, Review, Term};

use crate::case::now;
use crate::people::{address, person};
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

    /// A chief was asked for his review of this quarter, and is to be told of it now; the
    /// coordinators hear when the time is over.
    ///
    /// # Panics
    /// When the table does not take it.
    pub async fn asks_for_review(&self, chief: &str, term: Term, without_chief: usize) {
        let (quarter, store) = (self.quarter(), &self.desk.store);
        let stored = store.catalogue().await.unwrap();
        let person = person(chief, &stored.catalogue);
        let review = Review::new(quarter, person, now(), Some(term));
        assert!(store.write_review(&review, None, None).await.unwrap());
        let owed = |notice, due| NoticeRow { notice, due };
        let invited = owed(Notice::Invitation, now());
        let email = address(chief);
        let told = store.owe_notice(quarter, Some(&email), invited);
        told.await.unwrap();
        let asked = Asked {
            quarter,
            opened_at: now(),
            term,
            without_chief,
        };
        store.open_review_quarter(&asked).await.unwrap();
        let overdue = owed(Notice::Overdue, term.ends_at);
        store.owe_notice(quarter, None, overdue).await.unwrap();
    }

    /// A chief ratifies all that his people have, and signs.
    ///
    /// # Panics
    /// When he was not asked.
    pub async fn signs_review(&self, chief: &str) {
        let (quarter, store) = (self.quarter(), &self.desk.store);
        let email = address(chief);
        let mut review = store.review(quarter, &email).await.unwrap().unwrap().review;
        let since = bounds(quarter.begins()).unwrap().0;
        let people = store.people_of(&email, since).await.unwrap();
        let accounts = people.iter().flat_map(|holder| {
            let accounts = holder.active();
            accounts.map(|account| AccountId::of(&holder.id, account))
        });
        let all = accounts.map(|id| (id, "ratify".to_owned())).collect();
        review.decide(&people, &all, day(now())).unwrap();
        let signed = review.sign(&people, review.chief.clone(), now());
        signed.unwrap();
        let over = review.version;
        review.version += 1;
        let written = store.write_review(&review, Some(over), None);
        assert!(written.await.unwrap());
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
