//! What the law asks for, as mails: a petition with its files, and what a group alone hears.

use std::collections::BTreeSet;

use cloud::files::attachment_key;
use in_process::people::{AGENT, ANA, COORDINATOR, address};
use in_process::{Case, Object, World, monday};
use types::command::Command;
use types::effects::{Effect, MailKind};
use types::permission::Actor;
use types::person::Person;
use types::ticket::{Attachment, Visibility};

use super::{QUEUE, bell, started, the_mail};

/// A petition with files: `sizes` are what the ticket says of them, in bytes.
async fn petition(world: &World, sizes: &[u64]) -> Case {
    let bucket = world.variable("FILES_BUCKET");
    let case = world.assigned("plataforma").await;
    let files = sizes.iter().enumerate().map(|(i, size)| Attachment {
        id: format!("0a1b-{i}"),
        name: format!("oficio-{i}.pdf"),
        content_type: "application/pdf".to_owned(),
        size: *size,
        visibility: Visibility::Public,
        digest: None,
    });
    let attachments: Vec<_> = files.collect();
    for file in &attachments {
        let object = Object {
            bytes: format!("%PDF-1.7 {}", file.name).into_bytes(),
            content_type: file.content_type.clone(),
            written_at: monday(),
        };
        world.put_object(&bucket, &attachment_key(case.id, &file.id), object);
    }
    let add = Command::AddAttachments {
        attachments,
        left_out: 0,
    };
    let forward = Command::Forward {
        to: Person {
            email: address("atencion.ciudadano@uspec.gov.co"),
            name: "Atención al Ciudadano".to_owned(),
        },
        message: "Les corresponde.".to_owned(),
    };
    case.when(AGENT, add).await.when_owing(AGENT, forward).await
}

#[tokio::test]
async fn a_petition_goes_with_its_files_to_whoever_answers_it() {
    let world = World::new().await;
    // The second is larger than what a mail may have with it.
    let case = petition(&world, &[20, 7_000_000]).await;
    let seq = case.ticket().await.version;
    let notifier = started(&world).await;
    let owed = bell(&case, seq, MailKind::ForwardedToAddressee);
    notifier.works(QUEUE, &[owed]).await.must_be_done();
    let mail = the_mail(&world);
    assert_eq!(mail.to, ["atencion.ciudadano@uspec.gov.co"]);
    assert_eq!(mail.header("Reply-To").unwrap(), format!("<{ANA}>"));
    let bytes = b"%PDF-1.7 oficio-0.pdf".to_vec();
    assert_eq!(mail.files(), [("oficio-0.pdf".to_owned(), bytes)]);
    assert!(
        mail.text.contains("No cupieron en este correo") && mail.text.contains("oficio-1.pdf"),
        "{}",
        mail.text
    );
}

#[tokio::test]
async fn what_its_group_alone_sees_is_told_within_the_group() {
    let world = World::new().await;
    world
        .catalogue(|document| {
            let group = types::ids::TeamId::from("seguridad");
            let mut outside = document
                .directory
                .iter()
                .find(|entry| entry.email.as_str() == COORDINATOR)
                .unwrap()
                .clone();
            outside.email = address("coordinadora.impresion@uspec.gov.co");
            outside.teams.remove(&group);
            document.directory.push(outside);
        })
        .await;
    let mut application = in_process::application("incidente_seguridad");
    application.request.incident = Some(types::incident::Incident {
        kind: types::incident::IncidentKind::Phishing,
        asset: "Su buzón".to_owned(),
        personal_data: types::incident::PersonalData::No,
        people: None,
        containment: None,
        severity: None,
    });
    let case = world.registers(application, monday()).await;
    // Nobody has it: whoever coordinates the group is told.
    let late = case.later(13 * 60);
    let late = late.when_actor(&Actor::System, Command::FireSteps).await;
    let owed = late.owed();
    assert!(!owed.is_empty());
    let notifier = started(&world).await;
    for row in owed {
        let (seq, effect) = row.split_once(' ').unwrap();
        let effect = Effect::try_from(effect.to_owned()).unwrap();
        if effect == Effect::Assign {
            continue;
        }
        let bell = late.owes(seq.parse().unwrap(), effect);
        let queue = bell.queue();
        notifier.works(queue, &[bell]).await.must_be_done();
    }
    let told: BTreeSet<String> = world.mails().into_iter().flat_map(|mail| mail.to).collect();
    assert!(told.contains(COORDINATOR), "{told:?}");
    assert!(
        !told.contains("coordinadora.impresion@uspec.gov.co"),
        "{told:?}"
    );
}
