//! What a command does to a ticket in its state.

use jiff::{SignedDuration, Timestamp};

use super::clockwork::{Clockwork, Draft};
use super::formats::Form;
use super::kind::Command;
use super::rejection::Rejection;
use super::setting::Setting;
use crate::catalogue::{DirectoryEntry, Role};
use crate::clock::ClockKind;
use crate::ids::EmailAddress;
use crate::legal::{AuthorityReport, Petition, ReportOutcome};
use crate::permission::{Actor, Denial, authorise, reads_internal};
use crate::reply::Word;
use crate::ticket::{
    ActorRole, Attachment, CloseReason, Event, EventActor, EventKind, HoldReason, MAX_ATTACHMENTS,
    MAX_LINKS, Person, Policy, ReleaseReason, SolutionReport, State, Survey, Ticket, Visibility,
    apply_all, room_for,
};

/// Decides what a command on a ticket does: the events to record, or why not.
///
/// # Errors
/// When the actor may not, the state forbids it, or the command names something
/// that is not in the catalogue.
pub fn decide(
    ticket: &Ticket,
    command: &Command,
    actor: &Actor,
    setting: Setting<'_>,
) -> Result<Vec<Event>, Rejection> {
    let by = authorise(command.kind(), actor, ticket).map_err(Rejection::Denied)?;
    let steps = steps(ticket, command, &by, actor, setting)?;
    Ok(steps
        .into_iter()
        .zip(ticket.version + 1..)
        .map(|((kind, clocks), seq)| Event {
            seq,
            at: setting.now,
            actor: by.clone(),
            kind,
            clocks,
            mail: None,
            whole: None,
        })
        .collect())
}

/// The same for a command that files came with. They stand behind it, but where it
/// closes the ticket: a closed one takes no more files. Those that are there already
/// are no reason to refuse what they came with.
///
/// # Errors
/// When one of the two is not carried out: then neither is.
pub fn decide_with_files(
    ticket: &Ticket,
    command: &Command,
    files: Option<&Command>,
    actor: &Actor,
    setting: Setting<'_>,
) -> Result<Vec<Event>, Rejection> {
    let said = decide(ticket, command, actor, setting)?;
    let Some(files) = files else {
        return Ok(said);
    };
    let then = |before: Vec<Event>, next: &Command| {
        let mut ticket = ticket.clone();
        apply_all(&mut ticket, &before);
        let next = decide(&ticket, next, actor, setting)?;
        Ok([before, next].concat())
    };
    let closes = |event: &Event| matches!(event.kind, EventKind::Closed { .. });
    let decided = match said.iter().any(closes) {
        true => decide(ticket, files, actor, setting).and_then(|added| then(added, command)),
        false => then(said.clone(), files),
    };
    match decided {
        Err(Rejection::AlreadySo(_)) => Ok(said),
        decided => decided,
    }
}

/// Somebody of the desk becomes responsible because somebody said so.
fn assigned(clocks: &Clockwork<'_>, agent: Person) -> EventKind {
    let ticket = clocks.ticket;
    let from = ticket.assignee.clone();
    let from = from.filter(|from| from.email != agent.email);
    EventKind::Assigned {
        automatic: false,
        away: vec![],
        from,
        absent: clocks.is_away(&agent.email),
        agent,
    }
}

/// It is another team's from now on: whoever has it and is none of theirs has it no
/// more.
fn left_to_another_team(ticket: &Ticket, policy: &Policy, setting: Setting<'_>) -> Option<Draft> {
    let is_open = match ticket.state {
        State::Assigned | State::OnHold(_) => true,
        State::New | State::Solved | State::Closed => false,
    };
    let from = ticket.assignee.clone()?;
    let entry = setting.catalogue.person(&from.email);
    let belongs = |entry: &DirectoryEntry| match policy.restricted {
        // Its team alone sees it.
        true => entry.teams.contains(&policy.team),
        false => policy.team == ticket.policy.team || entry.works_for(&policy.team),
    };
    let stays = match entry {
        Some(entry) => belongs(entry),
        None => policy.team == ticket.policy.team,
    };
    let why = ReleaseReason::OtherTeam;
    (is_open && !stays).then_some((EventKind::Released { from, why }, vec![]))
}

/// Two who take the same one at once do not take it from each other.
const AT_ONCE: SignedDuration = SignedDuration::from_secs(5);

fn is_just_assigned(ticket: &Ticket, now: Timestamp) -> bool {
    let since = match ticket.state {
        State::Assigned => ticket.clocks.solution.running_since(),
        // It is an officer's clock, or rests.
        State::New | State::OnHold(_) | State::Solved | State::Closed => None,
    };
    let last = since.max(ticket.handed_over_at);
    last.is_some_and(|last| now.duration_since(last) < AT_ONCE)
}

/// The officer who has it, where it goes from him to another one.
fn relieved(ticket: &Ticket) -> Option<Person> {
    match ticket.state {
        State::OnHold(HoldReason::Technology | HoldReason::Provider) => ticket.officer.clone(),
        State::New
        | State::Assigned
        | State::OnHold(HoldReason::Requester)
        | State::Solved
        | State::Closed => None,
    }
}

fn is_internal(attachment: &Attachment) -> bool {
    match attachment.visibility {
        Visibility::Internal => true,
        Visibility::Public => false,
    }
}

fn keeps_internal(actor: &Actor, ticket: &Ticket) -> bool {
    match actor {
        Actor::Person(caller) => reads_internal(caller, ticket),
        Actor::System | Actor::SurveyHolder | Actor::Provider { .. } => true,
    }
}

fn has_it(ticket: &Ticket, person: &Person) -> bool {
    is_his(ticket.assignee.as_ref(), &person.email)
}

fn is_his(whose: Option<&Person>, email: &EmailAddress) -> bool {
    whose.is_some_and(|person| person.email == *email)
}

/// Activity 14, in the requester's own words: thanks leave the solution as it is, the
/// survey is answered, and anything else is an objection.
fn answered_solution(
    body: &str,
    ticket: &Ticket,
    clocks: &Clockwork<'_>,
    now: Timestamp,
) -> Result<Vec<Draft>, Rejection> {
    let followed_up = || {
        let body = body.to_owned();
        let visibility = Visibility::Public;
        (EventKind::FollowedUp { body, visibility }, vec![])
    };
    match Word::of(body, &ticket.request.requester.person.name) {
        Word::Thanks => Ok(vec![followed_up()]),
        Word::Survey {
            solved,
            rating,
            comment,
        } if ticket.asks_survey() => evaluated(
            Survey {
                solved,
                rating,
                comment,
                answered_at: now,
            },
            clocks,
        ),
        // Nobody asked, and nothing is wrong.
        Word::Survey { solved: true, .. } => Ok(vec![followed_up()]),
        Word::Survey { solved: false, .. } | Word::Objection => {
            clocks.reopen(Some(body.to_owned()))
        }
    }
}

/// Somebody of the desk says whose request it is: he had passed on a mail, or took
/// one caller for another (activity 2).
fn requester_changed(
    ticket: &Ticket,
    email: &EmailAddress,
    name: Option<&String>,
    setting: Setting<'_>,
) -> Result<Vec<Draft>, Rejection> {
    let catalogue = setting.catalogue;
    let refuse = |why: String| Err(Rejection::InvalidTransition(why));
    if ticket.is_of(email) {
        return refuse(format!("La solicitud ya es de {email}."));
    }
    if catalogue.is_mailbox(email) {
        return refuse(format!("{email} es un buzón de la Mesa de Ayuda."));
    }
    if let Some(agent) = ticket.assignee.as_ref().filter(|a| a.email == *email) {
        return refuse(format!(
            "{} es responsable de ella y nadie atiende su propia solicitud: asígnela antes a otra persona.",
            agent.name
        ));
    }
    let known = catalogue.person(email).map(|entry| entry.name.clone());
    let name = known.or_else(|| name.cloned());
    let requester = Person {
        name: name.unwrap_or_else(|| email.to_string()),
        email: email.clone(),
    };
    let from = ticket.request.requester.person.clone();
    Ok(vec![(
        EventKind::RequesterChanged { requester, from },
        vec![],
    )])
}

/// Whom a command would make responsible.
fn would_attend<'a>(command: &'a Command, actor: &'a Actor) -> Option<&'a EmailAddress> {
    if let Command::AssignAutomatically { agent, .. } = command {
        return Some(&agent.email);
    }
    if let Command::AssignTo { agent, away: _ } = command {
        return Some(agent);
    }
    match (command, actor) {
        (Command::Take, Actor::Person(caller)) => Some(&caller.email),
        (_, Actor::Person(_) | Actor::System | Actor::SurveyHolder | Actor::Provider { .. }) => {
            None
        }
    }
}

/// The survey is answered: the ticket is closed, or the solution did not hold.
fn evaluated(survey: Survey, clocks: &Clockwork<'_>) -> Result<Vec<Draft>, Rejection> {
    let then = if survey.solved {
        let reason = CloseReason::Satisfied;
        let changes = clocks.meet(ClockKind::Validation)?;
        vec![(EventKind::Closed { reason }, changes)]
    } else {
        clocks.reopen(survey.comment.clone())?
    };
    let answered = (EventKind::SurveyAnswered { survey }, vec![]);
    Ok([answered].into_iter().chain(then).collect())
}

/// What a requester is told who writes on a closed ticket: what he can do instead.
fn over(ticket: &Ticket) -> Rejection {
    Rejection::InvalidTransition(format!(
        "La solicitud {0} está cerrada. Si el asunto continúa, registre una solicitud nueva que \
         mencione el número {0}, o responda a un correo de esta: la respuesta abre una solicitud \
         nueva, vinculada a ella.",
        ticket.number
    ))
}

fn steps(
    ticket: &Ticket,
    command: &Command,
    by: &EventActor,
    actor: &Actor,
    setting: Setting<'_>,
) -> Result<Vec<Draft>, Rejection> {
    use State::{Assigned, Closed, New, OnHold, Solved};
    let clocks = Clockwork { ticket, setting };
    let illegal = || {
        Rejection::InvalidTransition(format!(
            "No se puede {} una solicitud en estado «{}».",
            command.kind().verb(),
            ticket.status_label()
        ))
    };
    if would_attend(command, actor).is_some_and(|agent| ticket.is_of(agent)) {
        return Err(Rejection::InvalidTransition(
            "Nadie atiende su propia solicitud: la toma otra persona del equipo.".to_owned(),
        ));
    }
    match command {
        // Activity 2.
        Command::AssignAutomatically { agent, away } => match ticket.state {
            // What was taken off somebody else waits for others with nobody, too.
            New | OnHold(_) if ticket.assignee.is_none() => Ok(vec![(
                EventKind::Assigned {
                    agent: agent.clone(),
                    automatic: true,
                    away: away.clone(),
                    from: None,
                    absent: false,
                },
                clocks.taken_up()?,
            )]),
            New | Assigned | OnHold(_) | Solved | Closed => Err(illegal()),
        },
        Command::DeferAssignment => match ticket.state {
            New | OnHold(_) if ticket.assignee.is_none() => {
                Ok(vec![(EventKind::AssignmentDeferred {}, vec![])])
            }
            New | Assigned | OnHold(_) | Solved | Closed => Err(illegal()),
        },
        Command::HandOver => match ticket.state {
            Assigned | OnHold(_) => match clocks.left_behind() {
                drafts if drafts.is_empty() => Err(Rejection::InvalidTransition(
                    "Quienes la tienen están presentes.".to_owned(),
                )),
                drafts => Ok(drafts),
            },
            New | Solved | Closed => Err(illegal()),
        },
        Command::Take => {
            let caller = match actor {
                Actor::Person(caller) => caller.person(),
                Actor::System | Actor::SurveyHolder | Actor::Provider { .. } => {
                    return Err(Rejection::Denied(Denial::Forbidden));
                }
            };
            match ticket.state {
                New => Ok(vec![(assigned(&clocks, caller), clocks.taken_up()?)]),
                Assigned | OnHold(_) if has_it(ticket, &caller) => Err(Rejection::AlreadySo(
                    "Usted ya es responsable de ella.".to_owned(),
                )),
                Assigned | OnHold(_) if is_just_assigned(ticket, setting.now) => {
                    let whose = ticket.assignee.as_ref().map_or("alguien", |a| &a.name);
                    Err(Rejection::InvalidTransition(format!(
                        "Hace un momento quedó a cargo de {whose}."
                    )))
                }
                // A colleague's: what was promised to the requester stands, whoever
                // keeps it.
                Assigned | OnHold(_) => Ok(vec![(assigned(&clocks, caller), vec![])]),
                Solved | Closed => Err(illegal()),
            }
        }
        Command::AssignTo { agent, away } => match ticket.state {
            Assigned | OnHold(_) if is_his(ticket.assignee.as_ref(), agent) => Err(
                Rejection::InvalidTransition("Esa persona ya es responsable de ella.".to_owned()),
            ),
            // Whoever is responsible now gets the whole solution time.
            New | Assigned => Ok(vec![(
                assigned(&clocks, clocks.agent(agent, *away)?),
                clocks.start_solution()?,
            )]),
            // What waits for others goes on waiting; its clock is not touched.
            OnHold(_) => Ok(vec![(
                assigned(&clocks, clocks.agent(agent, *away)?),
                vec![],
            )]),
            Solved | Closed => Err(illegal()),
        },
        Command::Contact { note } => match ticket.state {
            Assigned | OnHold(_) => Ok(vec![(
                EventKind::Contacted { note: note.clone() },
                clocks.meet(ClockKind::Attention)?,
            )]),
            New | Solved | Closed => Err(illegal()),
        },
        Command::FollowUp {
            body,
            visibility: Visibility::Public,
        } if ticket.state == Solved && by.is_requester_of(ticket) => {
            answered_solution(body, ticket, &clocks, setting.now)
        }
        Command::FollowUp { body, visibility } => match ticket.state {
            New | Assigned | OnHold(_) | Solved => {
                // A public note of whoever works on the ticket reaches the
                // requester by mail: that is contact.
                let changes = match (visibility, by.role) {
                    (Visibility::Public, ActorRole::Person(role)) if role != Role::Requester => {
                        clocks.attended()?
                    }
                    (Visibility::Public | Visibility::Internal, _) => vec![],
                };
                let written = EventKind::FollowedUp {
                    body: body.clone(),
                    visibility: *visibility,
                };
                clocks.brought_by(by, (written, changes))
            }
            Closed if by.role == ActorRole::Person(Role::Requester) => Err(over(ticket)),
            Closed => Err(illegal()),
        },
        Command::AddAttachments { attachments, .. }
            if !attachments.is_empty() && attachments.iter().all(|new| ticket.has(new)) =>
        {
            Err(Rejection::AlreadySo(
                "Ese archivo ya está en la solicitud.".to_owned(),
            ))
        }
        // Who reads what is internal alone adds to it.
        Command::AddAttachments { attachments, .. }
            if attachments.iter().any(is_internal) && !keeps_internal(actor, ticket) =>
        {
            Err(Rejection::Denied(Denial::Forbidden))
        }
        Command::AddAttachments {
            attachments,
            left_out,
        } => match ticket.state {
            New | Assigned | OnHold(_) | Solved
                if room_for(&ticket.attachments, attachments) < attachments.len() =>
            {
                Err(Rejection::InvalidTransition(format!(
                    "En la solicitud no caben más archivos: tiene a lo sumo {MAX_ATTACHMENTS}, o \
                     menos si sus nombres son largos."
                )))
            }
            New | Assigned | OnHold(_) | Solved => {
                let new = attachments.iter().filter(|new| !ticket.has(new));
                let added = EventKind::AttachmentsAdded {
                    attachments: new.cloned().collect(),
                    left_out: *left_out,
                };
                clocks.brought_by(by, (added, vec![]))
            }
            Closed => Err(illegal()),
        },
        Command::Recategorise { category } => match ticket.state {
            New | Assigned | OnHold(_) | Solved => {
                let category = setting.catalogue.offered_category(category);
                let category = category.map_err(Rejection::Validation)?;
                if category.id == ticket.policy.category {
                    return Err(Rejection::InvalidTransition(
                        "La solicitud ya está en esa categoría.".to_owned(),
                    ));
                }
                let policy = Policy::from(category);
                if policy.incident && ticket.is_petition() {
                    return Err(Rejection::InvalidTransition(
                        "Está marcada como petición (PQRSD): quite antes la marca.".to_owned(),
                    ));
                }
                let mut changes = clocks.reschedule(&policy)?;
                changes.extend(clocks.became_incident(&policy)?);
                let left = left_to_another_team(ticket, &policy, setting);
                let recategorised = (EventKind::Recategorised { policy }, changes);
                Ok([recategorised].into_iter().chain(left).collect())
            }
            Closed => Err(illegal()),
        },
        // Section 5.1, activities 4 and 9.
        Command::DraftSection {
            code,
            section,
            fields,
        } => match ticket.state {
            New | Assigned | OnHold(_) => {
                Form::of(ticket, code, actor, setting)?.draft(section, fields)
            }
            Solved | Closed => Err(illegal()),
        },
        Command::SignSection {
            code,
            section,
            fields,
            on_paper,
            holder,
        } => match ticket.state {
            New | Assigned | OnHold(_) => Form::of(ticket, code, actor, setting)?.sign(
                section,
                fields.as_ref(),
                on_paper.as_deref(),
                holder.as_deref(),
            ),
            Solved | Closed => Err(illegal()),
        },
        Command::CorrectSection {
            code,
            section,
            reason,
        } => match ticket.state {
            New | Assigned | OnHold(_) => {
                Form::of(ticket, code, actor, setting)?.correct(section, reason)
            }
            Solved | Closed => Err(illegal()),
        },
        // Activity 6.
        Command::Hold { note } => match ticket.state {
            // The mail that asks him is contact, too.
            Assigned => {
                let mut changes = clocks.meet(ClockKind::Attention)?;
                changes.extend(clocks.pause(ClockKind::Solution)?);
                changes.push(clocks.start(ClockKind::Waiting)?);
                Ok(vec![(EventKind::Held { note: note.clone() }, changes)])
            }
            New | OnHold(_) | Solved | Closed => Err(illegal()),
        },
        Command::Resume { note } => match ticket.state {
            OnHold(HoldReason::Requester) => clocks.go_on(note.clone()),
            New
            | Assigned
            | OnHold(HoldReason::Technology | HoldReason::Provider)
            | Solved
            | Closed => Err(illegal()),
        },
        // Activities 3 and 7. The officer's solution time starts afresh.
        Command::Escalate {
            officer,
            justification,
            away,
        } => match ticket.state {
            OnHold(HoldReason::Technology | HoldReason::Provider)
                if is_his(ticket.officer.as_ref(), officer) =>
            {
                Err(Rejection::InvalidTransition(
                    "Ya está escalada a esa persona.".to_owned(),
                ))
            }
            // It is somebody else's to answer, not theirs to solve.
            Assigned | OnHold(_) if ticket.is_petition() => Err(Rejection::InvalidTransition(
                "Está marcada como petición (PQRSD): se traslada, no se escala.".to_owned(),
            )),
            Assigned | OnHold(_) => {
                let officer = clocks.officer(officer, *away)?;
                let mut changes = clocks.end_waits()?;
                changes.extend(clocks.start_solution()?);
                let escalated = EventKind::Escalated {
                    absent: clocks.is_away(&officer.email),
                    officer,
                    justification: justification.clone(),
                    from: relieved(ticket),
                };
                Ok(vec![(escalated, changes)])
            }
            New | Solved | Closed => Err(illegal()),
        },
        // The desk is responsible again, with a solution time of its own.
        Command::Return { note } => match ticket.state {
            OnHold(HoldReason::Technology) => {
                let returned = EventKind::Returned { note: note.clone() };
                let returned = (returned, clocks.start_solution()?);
                let left = clocks.left_by_agent();
                Ok(left.into_iter().chain([returned]).collect())
            }
            New
            | Assigned
            | OnHold(HoldReason::Provider | HoldReason::Requester)
            | Solved
            | Closed => Err(illegal()),
        },
        // Activity 10.
        Command::RequestProvider { provider, message } => match ticket.state {
            OnHold(HoldReason::Technology) => {
                let offered = setting.catalogue.offered_provider(provider);
                offered.map_err(Rejection::Validation)?;
                let mut changes = clocks.pause(ClockKind::Solution)?;
                changes.push(clocks.start(ClockKind::Provider)?);
                let requested = EventKind::ProviderRequested {
                    provider: provider.clone(),
                    message: message.clone(),
                };
                Ok(vec![(requested, changes)])
            }
            New
            | Assigned
            | OnHold(HoldReason::Provider | HoldReason::Requester)
            | Solved
            | Closed => Err(illegal()),
        },
        Command::RecordProviderReply { body } => match ticket.state {
            OnHold(HoldReason::Provider) => {
                let mut changes = clocks.meet(ClockKind::Provider)?;
                changes.extend(clocks.resume(ClockKind::Solution)?);
                let replied = EventKind::ProviderReplied { body: body.clone() };
                Ok(vec![(replied, changes)])
            }
            New
            | Assigned
            | OnHold(HoldReason::Technology | HoldReason::Requester)
            | Solved
            | Closed => Err(illegal()),
        },
        // Activities 9 and 11.
        Command::ReportSolution { body } => match (ticket.state, actor) {
            (OnHold(HoldReason::Technology), Actor::Person(caller)) => {
                let report = SolutionReport {
                    body: body.clone(),
                    by: caller.person(),
                    at: setting.now,
                };
                Ok(vec![(EventKind::SolutionReported { report }, vec![])])
            }
            (
                OnHold(HoldReason::Technology),
                Actor::System | Actor::SurveyHolder | Actor::Provider { .. },
            ) => Err(Rejection::Denied(Denial::Forbidden)),
            (
                New
                | Assigned
                | OnHold(HoldReason::Provider | HoldReason::Requester)
                | Solved
                | Closed,
                _,
            ) => Err(illegal()),
        },
        // Activities 4, 12 and 13.
        Command::Resolve { solution } => match ticket.state {
            Assigned => clocks.resolve(solution),
            OnHold(HoldReason::Technology) if ticket.solution_reported.is_some() => {
                clocks.resolve(solution)
            }
            OnHold(HoldReason::Technology) => Err(Rejection::InvalidTransition(
                "La Oficina de Tecnología aún no ha reportado la solución.".to_owned(),
            )),
            New | OnHold(HoldReason::Provider | HoldReason::Requester) | Solved | Closed => {
                Err(illegal())
            }
        },
        // Section 5: what is out of scope is answered, not forgotten.
        Command::Decline { reason } => match ticket.state {
            New | Assigned => clocks.decline(reason),
            OnHold(_) | Solved | Closed => Err(illegal()),
        },
        // Decreto 338 de 2022: what it is has to be known before it can be reported.
        Command::DescribeIncident { .. } | Command::RecordReport { .. }
            if !ticket.policy.incident =>
        {
            Err(Rejection::InvalidTransition(
                "La solicitud no es un incidente de seguridad.".to_owned(),
            ))
        }
        Command::DescribeIncident { incident } => match ticket.state {
            New | Assigned | OnHold(_) if ticket.request.incident.as_ref() == Some(incident) => {
                Err(Rejection::AlreadySo("Eso ya consta.".to_owned()))
            }
            New | Assigned | OnHold(_) => {
                let changes = clocks.incident_described(incident)?;
                let incident = incident.as_ref().clone();
                Ok(vec![(EventKind::IncidentDescribed { incident }, changes)])
            }
            Solved | Closed => Err(illegal()),
        },
        Command::RecordReport {
            authority,
            outcome,
            note,
        } => match ticket.state {
            New | Assigned | OnHold(_)
                if ticket
                    .clocks
                    .get(authority.clock())
                    .running_since()
                    .is_none() =>
            {
                Err(Rejection::InvalidTransition(format!(
                    "No hay un reporte pendiente {}.",
                    authority.addressed()
                )))
            }
            New | Assigned | OnHold(_) => {
                let changes = match outcome {
                    ReportOutcome::Reported => clocks.meet(authority.clock())?,
                    ReportOutcome::NotRequired => clocks.stop(authority.clock())?,
                };
                let report = AuthorityReport {
                    authority: *authority,
                    outcome: *outcome,
                    note: note.clone(),
                    at: setting.now,
                };
                Ok(vec![(EventKind::AuthorityReported { report }, changes)])
            }
            Solved | Closed => Err(illegal()),
        },
        // Ley 1437 de 2011, art. 21: whoever is not competent passes it on.
        Command::MarkPetition { .. } | Command::Forward { .. } if ticket.policy.incident => {
            Err(Rejection::InvalidTransition(
                "Es un incidente de seguridad: cambie antes su categoría.".to_owned(),
            ))
        }
        Command::MarkPetition { note } => match ticket.state {
            New | Assigned | OnHold(HoldReason::Requester) if ticket.is_petition() => Err(
                Rejection::AlreadySo("Ya está marcada como petición.".to_owned()),
            ),
            New | Assigned | OnHold(HoldReason::Requester) => {
                let petition = Petition {
                    note: note.clone(),
                    at: setting.now,
                };
                let mut changes = clocks.pause(ClockKind::Solution)?;
                changes.extend(clocks.petition_begins()?);
                Ok(vec![(EventKind::PetitionMarked { petition }, changes)])
            }
            OnHold(HoldReason::Technology | HoldReason::Provider) | Solved | Closed => {
                Err(illegal())
            }
        },
        Command::UnmarkPetition { reason } => match ticket.state {
            New | Assigned | OnHold(HoldReason::Requester) if ticket.is_petition() => {
                let mut changes = clocks.stop(ClockKind::Forwarding)?;
                // What was agreed holds again: whoever has it gets the whole time.
                match ticket.state {
                    Assigned => changes.push(clocks.start(ClockKind::Solution)?),
                    // Somebody had been in touch before anybody was responsible.
                    New => changes.extend(clocks.go_on_without_agent()?),
                    OnHold(_) | Solved | Closed => {}
                }
                let reason = reason.clone();
                Ok(vec![(EventKind::PetitionUnmarked { reason }, changes)])
            }
            New | Assigned | OnHold(_) => Err(Rejection::InvalidTransition(
                "No está marcada como petición.".to_owned(),
            )),
            Solved | Closed => Err(illegal()),
        },
        Command::Forward { to, message } => match ticket.state {
            New | Assigned => clocks.forward(to, message),
            OnHold(_) | Solved | Closed => Err(illegal()),
        },
        // Activity 14.
        Command::AnswerSurvey {
            round,
            solved,
            rating,
            comment,
        } => match ticket.state {
            Solved if ticket.asks_survey() && u32::from(*round) == ticket.reopened => {
                let survey = Survey {
                    solved: *solved,
                    rating: *rating,
                    comment: comment.clone(),
                    answered_at: setting.now,
                };
                evaluated(survey, &clocks)
            }
            Solved => Err(Rejection::InvalidTransition(
                "Esta encuesta ya no corresponde a la solución vigente.".to_owned(),
            )),
            New | Assigned | OnHold(_) | Closed => Err(Rejection::InvalidTransition(
                "Esta encuesta ya fue respondida o la solicitud ya no espera evaluación."
                    .to_owned(),
            )),
        },
        Command::Reject { reason } => match ticket.state {
            Solved => clocks.reopen(Some(reason.clone())),
            Closed => Err(over(ticket)),
            New | Assigned | OnHold(_) => Err(illegal()),
        },
        // Activity 15: an evaluated request is closed by its evaluation; the
        // desk does not close what the requester still may evaluate.
        Command::Close => match ticket.state {
            Solved
                if ticket.asks_survey() && !clocks.validation_is_over() && !ticket.is_unheard() =>
            {
                Err(Rejection::InvalidTransition(
                    "La encuesta de satisfacción está pendiente: la solicitud se cierra con la \
                     respuesta o al vencer el tiempo de validación."
                        .to_owned(),
                ))
            }
            Solved => Ok(vec![(
                EventKind::Closed {
                    reason: CloseReason::Desk,
                },
                clocks.meet(ClockKind::Validation)?,
            )]),
            New | Assigned | OnHold(_) | Closed => Err(illegal()),
        },
        Command::ExpireValidation => match ticket.state {
            Solved if clocks.validation_is_over() => {
                let changed = clocks.hours_changed()?;
                if !changed.is_empty() {
                    return Ok(changed);
                }
                if ticket.is_unheard() {
                    return clocks.unheard();
                }
                let closed = EventKind::Closed {
                    reason: CloseReason::ValidationExpired,
                };
                Ok(vec![(closed, clocks.stop(ClockKind::Validation)?)])
            }
            Solved => Err(Rejection::InvalidTransition(
                "El tiempo de validación aún no vence.".to_owned(),
            )),
            New | Assigned | OnHold(_) | Closed => Err(illegal()),
        },
        Command::FireSteps => match ticket.state {
            New | Assigned | OnHold(_) | Solved => {
                let changed = clocks.hours_changed()?;
                if !changed.is_empty() {
                    return Ok(changed);
                }
                let due = clocks.fire_steps()?;
                if due.is_empty() {
                    return Err(Rejection::InvalidTransition(
                        "Ningún plazo está por avisar.".to_owned(),
                    ));
                }
                Ok(due)
            }
            Closed => Err(illegal()),
        },
        Command::FileMail { what, text } => match ticket.state {
            New | Assigned | OnHold(_) | Solved => Ok(vec![(
                EventKind::MailFiled {
                    what: what.clone(),
                    text: text.clone(),
                },
                vec![],
            )]),
            Closed => Err(illegal()),
        },
        Command::RecordBounce {
            recipient,
            why,
            detail,
        } => match ticket.state {
            // The desk is told once for each address.
            New | Assigned | OnHold(_) | Solved if ticket.unreachable.contains(recipient) => {
                Err(Rejection::InvalidTransition(
                    "Ya consta que esa dirección no recibe correo.".to_owned(),
                ))
            }
            New | Assigned | OnHold(_) | Solved => Ok(vec![(
                EventKind::MailBounced {
                    recipient: recipient.clone(),
                    why: *why,
                    detail: detail.clone(),
                },
                vec![],
            )]),
            Closed => Err(illegal()),
        },
        Command::ChangeRequester { email, name } => match ticket.state {
            New | Assigned | OnHold(_) => requester_changed(ticket, email, name.as_ref(), setting),
            Solved | Closed => Err(illegal()),
        },
        Command::Link { .. } if ticket.links.len() >= MAX_LINKS => {
            Err(Rejection::InvalidTransition(format!(
                "Una solicitud tiene a lo sumo {MAX_LINKS} relacionadas."
            )))
        }
        Command::Link { link } => match ticket.state {
            New | Assigned | OnHold(_) | Solved | Closed => {
                Ok(vec![(EventKind::Linked { link: link.clone() }, vec![])])
            }
        },
        Command::RemoveObserver { email } => match ticket.state {
            New | Assigned | OnHold(_) | Solved => match ticket.observer(email) {
                Some(person) => Ok(vec![(
                    EventKind::ObserverRemoved {
                        person: person.clone(),
                    },
                    vec![],
                )]),
                None => Err(Rejection::InvalidTransition(format!(
                    "{email} no está en copia de la solicitud."
                ))),
            },
            Closed => Err(illegal()),
        },
        Command::StopObserving => match (ticket.state, actor) {
            (New | Assigned | OnHold(_) | Solved, Actor::Person(caller)) => Ok(vec![(
                EventKind::ObserverRemoved {
                    person: caller.person(),
                },
                vec![],
            )]),
            (
                New | Assigned | OnHold(_) | Solved,
                Actor::System | Actor::SurveyHolder | Actor::Provider { .. },
            ) => Err(Rejection::Denied(Denial::Forbidden)),
            (Closed, _) => Err(illegal()),
        },
        // The link outlives the closing by some days.
        Command::RevokeLink => match ticket.state {
            New | Assigned | OnHold(_) | Solved | Closed if ticket.link_edition == u8::MAX => {
                Err(Rejection::InvalidTransition(
                    "El enlace de esta solicitud ya no se puede anular más veces.".to_owned(),
                ))
            }
            New | Assigned | OnHold(_) | Solved | Closed => {
                Ok(vec![(EventKind::LinkRevoked {}, vec![])])
            }
        },
    }
}
