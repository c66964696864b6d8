//! The matrix of accounts and the quarterly review, as each sees them.

use in_process::people::{ANA, AUDITOR, COORDINATOR, HEAD, LUIS, PERSONNEL, STRANGER};
use in_process::{Answer, Started, World, get, now};
use types::format::accounts::Holder;
use types::mail::day;
use types::review::Term;
use types::{Date, SignedDuration};

use super::ReadSide;

const BOSS: &str = "jefa.juridica@uspec.gov.co";

fn in_days(count: i64) -> Date {
    day(now() + SignedDuration::from_hours(24 * count))
}

fn term() -> Term {
    let ends_at = now() + SignedDuration::from_hours(24 * 9);
    Term {
        last: day(ends_at),
        ends_at,
        reminded_at: None,
    }
}

async fn started() -> (World, Started<ReadSide>) {
    let world = World::new().await;
    let desk = world.start("desk").await;
    (world, desk)
}

async fn page(world: &World, desk: &Started<ReadSide>, who: &str, path: &str) -> Answer {
    let session = world.signed_in(who).await;
    desk.answers(&get(path).seen_by(&session)).await
}

#[tokio::test]
async fn a_chief_sees_his_own_people_alone() {
    let (world, desk) = started().await;
    let own = world.has_accounts("52345618", BOSS, in_days(300)).await;
    world.has_accounts("99887766", ANA, in_days(300)).await;
    world.asks_for_review(BOSS, term(), 0).await;
    let view = desk
        .answers(&get("/accounts/review").by(BOSS))
        .await
        .must_be(200);
    let accounts = view["accounts"].as_array().unwrap();
    assert_eq!(accounts.len(), 2);
    assert!(
        accounts
            .iter()
            .all(|account| account["document"] == "CC 52·····18")
    );
    assert_eq!(view["due"], term().last.to_string());
    assert_eq!(view["chiefs"], serde_json::json!([]));
    assert!(!view.to_string().contains("52345618"));

    let shown = page(&world, &desk, BOSS, "/matriz/refrendo").await;
    assert_eq!(shown.status, 200);
    for part in [
        "Ricardo Pérez",
        "CC 52·····18",
        "0 de 2 decididas",
        "faltan 2",
        "Nunca",
    ] {
        assert!(shown.body.contains(part), "{part}: {}", shown.body);
    }
    assert!(!shown.body.contains("99·····66"));
    // Somebody who is nobody's chief has nothing to decide.
    let none = page(&world, &desk, LUIS, "/matriz/refrendo").await;
    assert!(
        none.body
            .contains("No hay cuentas activas de personas a su cargo")
    );
    assert!(!none.body.contains("Firmar el refrendo"));
    let stranger = desk.answers(&get("/accounts/review").by(STRANGER)).await;
    stranger.must_refuse(403, "forbidden");
    // His list says that it waits for him, and not once it is signed.
    let list = async || page(&world, &desk, BOSS, "/formatos").await.body;
    assert!(list().await.contains("Refrendo de las cuentas de su gente"));
    world.signs_review(BOSS).await;
    assert!(!list().await.contains("Refrendo de las cuentas de su gente"));
    let signed = page(&world, &desk, BOSS, "/matriz/refrendo").await;
    assert!(signed.body.contains("Refrendo firmado"), "{}", signed.body);
    assert!(
        !signed.body.contains("Firmar el refrendo"),
        "{}",
        signed.body
    );
    assert_eq!(own, world.holder(&own.id).await, "GET changes nothing");
}

#[tokio::test]
async fn what_is_wrong_with_an_account_is_said_beside_it() {
    let (world, desk) = started().await;
    let person = world.has_accounts("52345618", BOSS, in_days(300)).await;
    let spoil = |holder: &mut Holder| {
        holder.unit = None;
        holder.accounts[0].valid_until = Some(in_days(-3));
        holder.accounts[1].valid_until = Some(in_days(4));
        let mut siif = holder.accounts[1].clone();
        siif.valid_until = None;
        for profile in ["registrador", "aprobador"] {
            siif.system = "siif".to_owned();
            siif.profile = profile.to_owned();
            holder.accounts.push(siif.clone());
        }
    };
    world.changes_holder(&person.id, spoil).await;
    let shown = page(&world, &desk, BOSS, "/matriz/refrendo").await.body;
    for part in [
        "Vencidas que siguen activas",
        "Venció hace 3 días y sigue activa",
        "Vence en 4 días",
        "Choca con Aprobador de SIIF Nación",
        "Choca con Registrador de SIIF Nación",
        "Sin dependencia",
        "Una cuenta sigue activa después de vencida",
    ] {
        assert!(shown.contains(part), "{part}: {shown}");
    }
    // What is over offers nothing but to be withdrawn.
    let (_, expired) = shown.split_once("Vencidas que siguen activas").unwrap();
    let (expired, _) = expired.split_once("Vencen en 15").unwrap();
    assert!(
        expired.contains("Retira") && !expired.contains("Ratifica"),
        "{expired}"
    );
    let matrix = page(&world, &desk, AUDITOR, "/matriz").await.body;
    for part in [
        "Vencida y activa",
        "Por vencer",
        "Choca con",
        "Último refrendo",
    ] {
        assert!(matrix.contains(part), "{part}: {matrix}");
    }
}

#[tokio::test]
async fn who_has_signed_is_seen_by_those_who_oversee_and_by_the_offices() {
    let (world, desk) = started().await;
    world.has_accounts("52345618", BOSS, in_days(300)).await;
    world.has_accounts("99887766", ANA, in_days(300)).await;
    for chief in [BOSS, ANA] {
        world.asks_for_review(chief, term(), 0).await;
    }
    world.signs_review(ANA).await;
    for who in [COORDINATOR, HEAD, AUDITOR, PERSONNEL] {
        let shown = page(&world, &desk, who, "/matriz").await;
        assert_eq!(shown.status, 200, "{who}");
        for part in [BOSS, "Sin firmar", "Firmó el", "Firmó 1 de 2."] {
            assert!(shown.body.contains(part), "{who} {part}: {}", shown.body);
        }
        // The offices see no more than that.
        let sees_people = shown.body.contains("Ricardo Pérez");
        assert_eq!(sees_people, who != PERSONNEL, "{who}");
        let view = desk
            .answers(&get("/accounts/review").by(who))
            .await
            .must_be(200);
        let chiefs = view["chiefs"].as_array().unwrap();
        assert_eq!(chiefs.len(), 2, "{who}");
        assert_eq!(
            chiefs[0]["chief"]["email"], BOSS,
            "who has not signed comes first"
        );
        assert!(chiefs[1]["signed_at"].is_string());
    }
    assert_eq!(page(&world, &desk, LUIS, "/matriz").await.status, 403);
    desk.answers(&get("/accounts").by(PERSONNEL))
        .await
        .must_refuse(403, "forbidden");
}

#[tokio::test]
async fn the_catalogue_has_the_days_of_both() {
    let (world, desk) = started().await;
    let shown = page(&world, &desk, COORDINATOR, "/catalogo/cuentas").await;
    assert_eq!(shown.status, 200);
    for part in ["5 días hábiles", "15 días hábiles"] {
        assert!(shown.body.contains(part), "{part}: {}", shown.body);
    }
    let entry = "/catalogo/cuentas/ficha?clave=accounts";
    let form = page(&world, &desk, COORDINATOR, entry).await;
    assert!(form.body.contains("Plazo del refrendo"), "{}", form.body);
}
