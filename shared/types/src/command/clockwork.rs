//! What commands do to the clocks of a ticket.

use std::time::Duration;

use jiff::Timestamp;

use super::kind::WhenAway;
use super::rejection::Rejection;
use super::setting::Setting;
use crate::calendar::{Calendar, CalendarError};
use crate::catalogue::{DirectoryEntry, Role};
use crate::clock::{Clock, ClockChange, ClockKind, ClockState, ClockStep, Step, Tells};
use crate::ids::{CalendarId, EmailAddress};
use crate::incident::Incident;
use crate::legal::{Authority, Forwarding};
use crate::problem::FieldError;
use crate::ticket::{
    EventActor, EventKind, HoldReason, Outcome, Person, Policy, ReleaseReason, State, StepReached,
    Ticket,
};

/// An event to be, with what it does to the clocks.
pub type Draft = (EventKind, Vec<ClockChange>);

/// What commands do to the clocks of a ticket.
pub struct Clockwork<'a> {
    pub ticket: &'a Ticket,
    pub setting: Setting<'a>,
}

impl Clockwork<'_> {
    /// A clock begins, with the limit that the ticket was promised.
    pub fn start(&self, clock: ClockKind) -> Result<ClockChange, Rejection> {
        let policy = &self.ticket.policy;
        let limit_seconds = policy.limit_seconds(clock);
        let calendar = calendar(&policy.calendar, self.setting)?;
        Ok(ClockChange::Start {
            clock,
            calendar: policy.calendar.clone(),
            limit_seconds,
            since: None,
            due_at: due(calendar, self.setting.now, limit_seconds)?,
            steps: start_steps(policy, clock, limit_seconds, calendar, self.setting.now)?,
        })
    }

    /// What a change of category does to the clocks of the law: what becomes an incident has
    /// to be reported from now on, and what was none need not be.
    pub fn became_incident(&self, policy: &Policy) -> Result<Vec<ClockChange>, Rejection> {
        let ticket = self.ticket;
        match (ticket.policy.incident, policy.incident) {
            (false, true) => begin_incident(policy, ticket.request.incident.as_ref(), self.setting),
            (true, false) => {
                let mut changes = self.stop(ClockKind::CsirtReport)?;
                changes.extend(self.stop(ClockKind::SicReport)?);
                Ok(changes)
            }
            (true, true) | (false, false) => Ok(vec![]),
        }
    }

    /// What the law's clocks of an incident do once this is known of it: as soon as personal
    /// data may be touched, their authority has to hear of it, in its time from when the
    /// entity knew of the incident.
    pub fn incident_described(&self, incident: &Incident) -> Result<Vec<ClockChange>, Rejection> {
        let policy = &self.ticket.policy;
        let clock = &self.ticket.clocks.sic_report;
        if !incident.touches_personal_data() {
            return self.stop(ClockKind::SicReport);
        }
        match clock.state {
            ClockState::Running | ClockState::Paused | ClockState::Met => Ok(vec![]),
            // It was said that it need not be.
            ClockState::Stopped if self.has_reported(Authority::Sic) => Ok(vec![]),
            ClockState::Idle | ClockState::Stopped => {
                let known = self.ticket.clocks.csirt_report.segments.first();
                let from = known.map_or(self.setting.now, |known| known.from);
                let begins = start_legal(ClockKind::SicReport, policy, from, self.setting)?;
                Ok(begins.into_iter().collect())
            }
        }
    }

    /// Whether what came of a report is on record.
    fn has_reported(&self, authority: Authority) -> bool {
        let mut reports = self.ticket.reports.iter();
        reports.any(|report| report.authority == authority)
    }

    /// The time to pass a petition on begins with its arrival.
    pub fn petition_begins(&self) -> Result<Vec<ClockChange>, Rejection> {
        let (policy, arrived) = (&self.ticket.policy, self.ticket.created_at);
        let begins = start_legal(ClockKind::Forwarding, policy, arrived, self.setting)?;
        Ok(begins.into_iter().collect())
    }

    /// What the law asks for has been done.
    fn owed_by_law(&self) -> Result<(), Rejection> {
        match self.ticket.owed_by_law() {
            None => Ok(()),
            Some(why) => Err(Rejection::InvalidTransition(why)),
        }
    }

    /// Nobody is waited for any more.
    pub fn end_waits(&self) -> Result<Vec<ClockChange>, Rejection> {
        let mut changes = Vec::new();
        for clock in ClockKind::WAITS {
            changes.extend(self.stop(clock)?);
        }
        Ok(changes)
    }

    /// Section 5: the solution time runs for whoever is in charge. A petition that is to be
    /// passed on has the law's time instead.
    pub fn start_solution(&self) -> Result<Vec<ClockChange>, Rejection> {
        match self.ticket.is_petition() {
            true => Ok(vec![]),
            false => Ok(vec![self.start(ClockKind::Solution)?]),
        }
    }

    /// Working time that a clock has used up to now, in seconds.
    fn used(&self, kind: ClockKind) -> Result<u64, Rejection> {
        let clock = self.ticket.clocks.get(kind);
        let (Some(_), Some(id)) = (clock.running_since(), &clock.calendar) else {
            return Ok(clock.used_seconds);
        };
        Ok(clock.used_at(calendar(id, self.setting)?, self.setting.now))
    }

    pub fn pause(&self, clock: ClockKind) -> Result<Vec<ClockChange>, Rejection> {
        match self.ticket.clocks.get(clock).state {
            ClockState::Running => Ok(vec![ClockChange::Pause {
                clock,
                used_seconds: self.used(clock)?,
            }]),
            ClockState::Idle | ClockState::Paused | ClockState::Met | ClockState::Stopped => {
                Ok(vec![])
            }
        }
    }

    pub fn resume(&self, clock: ClockKind) -> Result<Vec<ClockChange>, Rejection> {
        let stored = self.ticket.clocks.get(clock);
        match (stored.state, &stored.calendar) {
            (ClockState::Paused | ClockState::Met, Some(id)) => {
                let calendar = calendar(id, self.setting)?;
                let due_at = due(calendar, self.setting.now, stored.left_seconds())?;
                let mut steps = stored.steps.clone();
                for step in steps.iter_mut().filter(|step| step.is_armed()) {
                    let left = left_to(clock, step, stored);
                    step.at = due(calendar, self.setting.now, left)?;
                }
                Ok(vec![ClockChange::Resume {
                    clock,
                    due_at,
                    steps,
                }])
            }
            (ClockState::Idle | ClockState::Running | ClockState::Stopped, _)
            | (ClockState::Paused | ClockState::Met, None) => Ok(vec![]),
        }
    }

    /// The solution is waited for once somebody has been in touch, though nobody is
    /// responsible.
    pub fn go_on_without_agent(&self) -> Result<Vec<ClockChange>, Rejection> {
        let clocks = &self.ticket.clocks;
        let attended = clocks.attention.running_since().is_none();
        match clocks.solution.state {
            ClockState::Paused => self.resume(ClockKind::Solution),
            ClockState::Idle | ClockState::Met | ClockState::Stopped if attended => {
                Ok(vec![self.start(ClockKind::Solution)?])
            }
            ClockState::Idle | ClockState::Running | ClockState::Met | ClockState::Stopped => {
                Ok(vec![])
            }
        }
    }

    pub fn meet(&self, clock: ClockKind) -> Result<Vec<ClockChange>, Rejection> {
        match self.ticket.clocks.get(clock).state {
            ClockState::Running | ClockState::Paused => Ok(vec![ClockChange::Meet {
                clock,
                used_seconds: self.used(clock)?,
            }]),
            ClockState::Idle | ClockState::Met | ClockState::Stopped => Ok(vec![]),
        }
    }

    pub fn stop(&self, clock: ClockKind) -> Result<Vec<ClockChange>, Rejection> {
        match self.ticket.clocks.get(clock).state {
            ClockState::Running | ClockState::Paused => Ok(vec![ClockChange::Stop {
                clock,
                used_seconds: self.used(clock)?,
            }]),
            ClockState::Idle | ClockState::Met | ClockState::Stopped => Ok(vec![]),
        }
    }

    /// Time used stays used under the new limits. A step that has fired fires
    /// again only where the new limit puts it back into the future.
    pub fn reschedule(&self, policy: &Policy) -> Result<Vec<ClockChange>, Rejection> {
        let mut changes = Vec::new();
        for clock in ClockKind::ALL.into_iter().filter(|clock| !clock.is_legal()) {
            let limit_seconds = policy.limit_seconds(clock);
            let used_seconds = self.used(clock)?;
            let left = limit_seconds.saturating_sub(used_seconds);
            let due_at = match self.ticket.clocks.get(clock).state {
                ClockState::Running => Some(due(
                    calendar(&policy.calendar, self.setting)?,
                    self.setting.now,
                    left,
                )?),
                ClockState::Paused => None,
                // What has ended was measured against the limits of its time.
                ClockState::Idle | ClockState::Met | ClockState::Stopped => continue,
            };
            let hours = calendar(&policy.calendar, self.setting)?;
            let stored = self.ticket.clocks.get(clock);
            let mut steps = Vec::new();
            for rule in policy.steps_of(clock) {
                let seconds = rule.seconds(limit_seconds);
                let fired = stored
                    .steps
                    .iter()
                    .find(|s| s.percent == rule.percent && s.tells == rule.tells)
                    .filter(|_| seconds <= used_seconds);
                steps.push(ClockStep {
                    percent: rule.percent,
                    tells: rule.tells,
                    at: due(
                        hours,
                        self.setting.now,
                        seconds.saturating_sub(used_seconds),
                    )?,
                    fired_at: fired.and_then(|step| step.fired_at),
                });
            }
            if clock != ClockKind::Validation && !steps.iter().any(ClockStep::is_armed) {
                steps.extend(self.again(policy, limit_seconds, used_seconds, &steps)?);
            }
            changes.push(ClockChange::Reschedule {
                clock,
                calendar: policy.calendar.clone(),
                limit_seconds,
                used_seconds,
                due_at,
                steps,
            });
        }
        Ok(changes)
    }

    /// Somebody got in touch. Where nobody is responsible yet the solution is what is
    /// waited for from now on.
    pub fn attended(&self) -> Result<Vec<ClockChange>, Rejection> {
        let mut changes = self.meet(ClockKind::Attention)?;
        let clocks = &self.ticket.clocks;
        if self.ticket.state == State::New && clocks.solution.running_since().is_none() {
            changes.extend(self.start_solution()?);
        }
        Ok(changes)
    }

    /// The request has its answer: attention and solution are met, and the
    /// requester's time to validate begins.
    pub fn answered(&self) -> Result<Vec<ClockChange>, Rejection> {
        let mut changes = self.meet(ClockKind::Attention)?;
        changes.extend(self.meet(ClockKind::Solution)?);
        changes.push(self.start(ClockKind::Validation)?);
        Ok(changes)
    }

    pub fn resolve(&self, solution: &str) -> Result<Vec<Draft>, Rejection> {
        let missing = crate::format::turn::missing(self.ticket);
        if !missing.is_empty() {
            let codes: Vec<_> = missing.iter().map(|code| code.0.as_str()).collect();
            return Err(Rejection::InvalidTransition(format!(
                "Faltan por diligenciar los formatos: {}.",
                codes.join(", ")
            )));
        }
        self.owed_by_law()?;
        Ok(vec![(
            EventKind::Resolved {
                solution: solution.to_owned(),
                round: self.ticket.reopened,
            },
            self.answered()?,
        )])
    }

    /// Section 5: what is out of scope is answered, not forgotten.
    pub fn decline(&self, reason: &str) -> Result<Vec<Draft>, Rejection> {
        self.owed_by_law()?;
        Ok(vec![(
            EventKind::Declined {
                reason: reason.to_owned(),
            },
            self.answered()?,
        )])
    }

    /// A petition is passed on to whoever answers it, and whoever made it is told.
    pub fn forward(&self, to: &Person, message: &str) -> Result<Vec<Draft>, Rejection> {
        let ticket = self.ticket;
        let refuse = |why: String| {
            Err(Rejection::Validation(FieldError::new(
                "email",
                "not_allowed",
                why,
            )))
        };
        if ticket.is_of(&to.email) {
            return refuse("Es la persona que hizo la petición.".to_owned());
        }
        if self.setting.catalogue.is_mailbox(&to.email) {
            return refuse(format!("{} es un buzón de la Mesa de Ayuda.", to.email));
        }
        if to.email.is_unread() {
            return refuse(format!("Nadie lee lo que llega a {}.", to.email));
        }
        let forwarding = Forwarding {
            to: to.clone(),
            message: message.to_owned(),
            at: self.setting.now,
        };
        // Its time began when it came in, whether or not somebody had seen what it is.
        let running = ticket.clocks.forwarding.running_since().is_some();
        let mut changes = match running {
            true => vec![],
            false => self.petition_begins()?,
        };
        let mut then = ticket.clocks.clone();
        then.apply(&changes, self.setting.now);
        let clock = &then.forwarding;
        let hours = clock.calendar.as_ref().unwrap_or(&ticket.policy.calendar);
        let used_seconds = clock.used_at(calendar(hours, self.setting)?, self.setting.now);
        changes.push(ClockChange::Meet {
            clock: ClockKind::Forwarding,
            used_seconds,
        });
        changes.extend(self.answered()?);
        Ok(vec![(EventKind::Forwarded { forwarding }, changes)])
    }

    /// The solution did not hold: whoever is responsible has the whole solution time
    /// again. The rounds before stay among the clock's segments.
    pub fn reopen(&self, reason: Option<String>) -> Result<Vec<Draft>, Rejection> {
        let mut changes = self.stop(ClockKind::Validation)?;
        changes.extend(self.start_solution()?);
        let objects_to = self.ticket.outcome;
        let objects_to = objects_to.filter(|outcome| *outcome != Outcome::Solved);
        let reopened = (EventKind::Reopened { reason, objects_to }, changes);
        Ok(self.left_by_agent().into_iter().chain([reopened]).collect())
    }

    /// What was waited for is there: the desk goes on with it (activities 5 and 6).
    pub fn go_on(&self, note: Option<String>) -> Result<Vec<Draft>, Rejection> {
        let mut changes = self.meet(ClockKind::Waiting)?;
        if !self.ticket.is_petition() {
            changes.extend(self.resume(ClockKind::Solution)?);
        }
        let resumed = (EventKind::Resumed { note }, changes);
        Ok(self.left_by_agent().into_iter().chain([resumed]).collect())
    }

    /// Something that somebody writes or sends; where the requester himself does,
    /// what was waited for has come.
    pub fn brought_by(&self, by: &EventActor, draft: Draft) -> Result<Vec<Draft>, Rejection> {
        match self.ticket.state {
            State::OnHold(HoldReason::Requester) if by.is_requester_of(self.ticket) => {
                let mut drafts = self.go_on(None)?;
                let last = drafts.len().saturating_sub(1);
                drafts.insert(last, draft);
                Ok(drafts)
            }
            State::New | State::Assigned | State::OnHold(_) | State::Solved | State::Closed => {
                Ok(vec![draft])
            }
        }
    }

    /// Whoever takes it up has the whole solution time, unless it was taken off
    /// somebody: then what was promised to the requester stands.
    pub fn taken_up(&self) -> Result<Vec<ClockChange>, Rejection> {
        match (self.ticket.state, &self.ticket.former) {
            (State::New, None) => self.start_solution(),
            (State::New, Some(_))
            | (State::Assigned | State::OnHold(_) | State::Solved | State::Closed, _) => Ok(vec![]),
        }
    }

    /// Somebody else has to have it where its agent is not there, or no longer works
    /// for its team.
    pub fn left_by_agent(&self) -> Option<Draft> {
        let from = self.ticket.assignee.clone()?;
        let (team, now) = (&self.ticket.policy.team, self.setting.now);
        if self.setting.catalogue.works_on(&from.email, team, now) {
            return None;
        }
        let entry = self.setting.catalogue.person(&from.email);
        let works = entry.is_some_and(|entry| entry.works_for(team));
        let why = match works {
            // It was given to him all the same, or he took it himself.
            true if self.ticket.absent_agent.as_ref() == Some(&from.email) => return None,
            true => ReleaseReason::Away,
            false => ReleaseReason::Left,
        };
        Some((EventKind::Released { from, why }, vec![]))
    }

    /// It is to be escalated again where its officer is not there; said once of each.
    fn left_by_officer(&self) -> Option<Draft> {
        let ticket = self.ticket;
        let officer = match ticket.state {
            State::OnHold(HoldReason::Technology | HoldReason::Provider) => {
                ticket.officer.clone()?
            }
            State::New
            | State::Assigned
            | State::OnHold(HoldReason::Requester)
            | State::Solved
            | State::Closed => return None,
        };
        let told = ticket.absent_officer.as_ref() == Some(&officer.email);
        let here = self
            .setting
            .catalogue
            .has_officer(&officer.email, self.setting.now);
        (!told && !here).then_some((EventKind::OfficerAbsent { officer }, vec![]))
    }

    /// No open request stays with somebody who is not there.
    pub fn left_behind(&self) -> Vec<Draft> {
        self.left_by_agent()
            .into_iter()
            .chain(self.left_by_officer())
            .collect()
    }

    /// Whoever is told what is due of a clock's responsible, if he is there.
    fn in_charge(&self, clock: ClockKind) -> Option<Person> {
        let (catalogue, now) = (self.setting.catalogue, self.setting.now);
        let agent = || {
            let agent = self.ticket.assignee.clone();
            agent.filter(|agent| catalogue.works_on(&agent.email, &self.ticket.policy.team, now))
        };
        let officer = || {
            let officer = self.ticket.officer.clone();
            officer.filter(|officer| catalogue.has_officer(&officer.email, now))
        };
        match clock {
            // To get in touch is the desk's, and so is what the requester owes.
            ClockKind::Attention | ClockKind::Waiting => agent(),
            ClockKind::CsirtReport | ClockKind::SicReport | ClockKind::Forwarding => agent(),
            ClockKind::Provider => officer(),
            ClockKind::Solution if self.ticket.is_with_officer() => officer(),
            ClockKind::Solution => agent(),
            ClockKind::Validation => None,
        }
    }

    /// What the requester never got he could not object to (control C2): the desk is
    /// asked to reach him, and again each working day.
    pub fn unheard(&self) -> Result<Vec<Draft>, Rejection> {
        let (ticket, now) = (self.ticket, self.setting.now);
        let clock = &ticket.clocks.validation;
        let (Some(due_at), Some(id)) = (clock.due_at, &clock.calendar) else {
            return Ok(vec![]);
        };
        let more = ticket.policy.waiting_seconds;
        let used_seconds = self.used(ClockKind::Validation)?;
        let late = now.duration_since(due_at).as_secs();
        let asked = |tells, responsible| {
            EventKind::ValidationReminded(StepReached {
                percent: 100,
                tells,
                due_at,
                reached_at: due_at,
                late_seconds: u64::try_from(late).unwrap_or_default(),
                responsible,
            })
        };
        let next = due(calendar(id, self.setting)?, now, more)?;
        // What he was not reminded of he will not be reminded of any more.
        let mut steps = clock.steps.clone();
        for step in steps.iter_mut().filter(|step| step.is_armed()) {
            step.at = next;
        }
        let again = ClockChange::Reschedule {
            clock: ClockKind::Validation,
            calendar: id.clone(),
            limit_seconds: used_seconds.saturating_add(more),
            used_seconds,
            due_at: Some(next),
            steps,
        };
        let agent = self.in_charge(ClockKind::Waiting);
        let coordinator = (asked(Tells::Coordinator, agent.clone()), vec![again]);
        let agent = agent.map(|agent| (asked(Tells::Responsible, Some(agent)), vec![]));
        Ok(agent.into_iter().chain([coordinator]).collect())
    }

    /// Hours are facts of the world: the clocks whose times are others than those
    /// that they were armed with, reckoned with the calendar in force.
    pub fn hours_changed(&self) -> Result<Vec<Draft>, Rejection> {
        let mut drafts = Vec::new();
        for (kind, clock) in self.ticket.clocks.all() {
            let (Some(since), Some(from), Some(id)) =
                (clock.running_since(), clock.due_at, &clock.calendar)
            else {
                continue;
            };
            let hours = calendar(id, self.setting)?;
            let to = due(hours, since, clock.left_seconds())?;
            if to == from {
                continue;
            }
            let mut steps = clock.steps.clone();
            for step in steps.iter_mut().filter(|step| step.is_armed()) {
                step.at = due(hours, since, left_to(kind, step, clock))?;
            }
            let rearm = ClockChange::Rearm {
                clock: kind,
                due_at: to,
                steps,
            };
            let changed = EventKind::HoursChanged {
                clock: kind,
                from,
                to,
            };
            drafts.push((changed, vec![rearm]));
        }
        Ok(drafts)
    }

    /// What is late goes on being said, once a working day, while it is open: the
    /// steps after the last one of a clock that has used so much by now.
    fn again(
        &self,
        policy: &Policy,
        limit_seconds: u64,
        used_seconds: u64,
        steps: &[ClockStep],
    ) -> Result<Vec<ClockStep>, Rejection> {
        let day = policy.waiting_seconds;
        let used = used_seconds.saturating_add(day);
        let reckoned = used.saturating_mul(100) / limit_seconds.max(1);
        let last = steps.iter().map(|step| step.percent).max();
        let percent = u32::try_from(reckoned)
            .unwrap_or(u32::MAX)
            .max(last.unwrap_or_default().saturating_add(1));
        let hours = calendar(&policy.calendar, self.setting)?;
        let at = due(hours, self.setting.now, day)?;
        let heads = self.setting.catalogue.with_role(Role::Head).next();
        let told = [Some(Tells::Coordinator), heads.map(|_| Tells::Head)];
        let steps = told.into_iter().flatten().map(|tells| ClockStep {
            percent,
            tells,
            at,
            fired_at: None,
        });
        Ok(steps.collect())
    }

    /// The steps that are due, the earliest first, and where a clock has no more,
    /// when it is said again. Once the validation time is over there is nothing to
    /// be reminded of.
    pub fn fire_steps(&self) -> Result<Vec<Draft>, Rejection> {
        let now = self.setting.now;
        let mut due = Vec::new();
        for (kind, clock) in self.ticket.clocks.all() {
            let (Some(_), Some(due_at)) = (clock.running_since(), clock.due_at) else {
                continue;
            };
            if kind == ClockKind::Validation && self.validation_is_over() {
                continue;
            }
            let steps = clock.steps.iter();
            for step in steps.filter(|step| step.is_armed() && step.at <= now) {
                due.push((kind, due_at, step));
            }
        }
        due.sort_by_key(|(_, _, step)| step.at);
        let mut drafts: Vec<Draft> = due
            .into_iter()
            .map(|(clock, due_at, step)| {
                let late = now.duration_since(step.at).as_secs();
                let reached = StepReached {
                    percent: step.percent,
                    tells: step.tells,
                    due_at,
                    reached_at: step.at,
                    late_seconds: u64::try_from(late).unwrap_or_default(),
                    responsible: self.in_charge(clock),
                };
                let fire = ClockChange::Fire {
                    clock,
                    percent: step.percent,
                    tells: step.tells,
                };
                (EventKind::reached(clock, reached), vec![fire])
            })
            .collect();
        for (kind, clock) in self.ticket.clocks.all() {
            let mut armed = clock.steps.iter().filter(|step| step.is_armed());
            let fired = drafts
                .iter_mut()
                .rev()
                .find(|(event, _)| event.step().is_some_and(|(of, _)| of == kind));
            if let Some((_, changes)) = fired
                && kind != ClockKind::Validation
                && armed.all(|step| step.at <= now)
            {
                let (limit, used) = (clock.limit_seconds, self.used(kind)?);
                let steps = self.again(&self.ticket.policy, limit, used, &clock.steps)?;
                changes.push(ClockChange::Extend { clock: kind, steps });
            }
        }
        drafts.extend(match drafts.is_empty() {
            true => vec![],
            false => self.left_behind(),
        });
        Ok(drafts)
    }

    pub fn validation_is_over(&self) -> bool {
        self.ticket
            .clocks
            .validation
            .due_at
            .is_some_and(|due| due <= self.setting.now)
    }

    pub fn agent(&self, email: &EmailAddress, away: WhenAway) -> Result<Person, Rejection> {
        let mut agents = self.setting.catalogue.agents(&self.ticket.policy.team);
        let entry = agents.find(|agent| agent.email == *email);
        let entry = entry.ok_or_else(|| {
            Rejection::Validation(FieldError::new(
                "agent",
                "unknown_agent",
                format!("«{email}» no es agente del equipo de esta solicitud."),
            ))
        })?;
        self.if_here(entry, away)
    }

    pub fn officer(&self, email: &EmailAddress, away: WhenAway) -> Result<Person, Rejection> {
        let entry = self.setting.catalogue.person(email);
        let entry = entry.filter(|entry| entry.is_technology()).ok_or_else(|| {
            Rejection::Validation(FieldError::new(
                "officer",
                "unknown_officer",
                format!("«{email}» no es funcionario de la Oficina de Tecnología."),
            ))
        })?;
        self.if_here(entry, away)
    }

    /// Whether somebody of the directory is away now.
    pub fn is_away(&self, email: &EmailAddress) -> bool {
        let entry = self.setting.catalogue.person(email);
        entry.is_some_and(|entry| !entry.is_here(self.setting.now))
    }

    /// Who is not there gets nothing by mistake.
    fn if_here(&self, entry: &DirectoryEntry, away: WhenAway) -> Result<Person, Rejection> {
        match away {
            WhenAway::Ask if !entry.is_here(self.setting.now) => {
                Err(Rejection::Validation(FieldError::new(
                    "confirm_away",
                    "away",
                    format!(
                        "{} {}. Confirme que aun así debe quedar a su cargo.",
                        entry.name,
                        entry.absence()
                    ),
                )))
            }
            WhenAway::Ask | WhenAway::Confirmed => Ok(entry.person()),
        }
    }
}

/// Working time from the beginning of the present stretch to a step, in seconds.
fn left_to(clock: ClockKind, step: &ClockStep, stored: &Clock) -> u64 {
    let rule = Step {
        clock,
        percent: step.percent,
        tells: step.tells,
    };
    let seconds = rule.seconds(stored.limit_seconds);
    seconds.saturating_sub(stored.used_seconds)
}

/// The clocks of the law that begin with a security incident: it is to be reported, and
/// where personal data may be touched, to their authority as well.
pub fn begin_incident(
    policy: &Policy,
    incident: Option<&Incident>,
    setting: Setting<'_>,
) -> Result<Vec<ClockChange>, Rejection> {
    let mut changes = Vec::new();
    if policy.incident {
        let clock = ClockKind::CsirtReport;
        changes.extend(start_legal(clock, policy, setting.now, setting)?);
        // Until somebody knows, personal data count as touched.
        if incident.is_none_or(Incident::touches_personal_data) {
            let clock = ClockKind::SicReport;
            changes.extend(start_legal(clock, policy, setting.now, setting)?);
        }
    }
    Ok(changes)
}

/// A clock of the law begins, for what happened at `from`: what has passed of its term by
/// now has passed.
fn start_legal(
    clock: ClockKind,
    policy: &Policy,
    from: Timestamp,
    setting: Setting<'_>,
) -> Result<Option<ClockChange>, Rejection> {
    // A term of whole days ends with a day, and not a part of a second before it.
    let from = Timestamp::from_second(from.as_second()).unwrap_or(from);
    let terms = &setting.catalogue.document().legal_terms;
    let id = terms.calendar(clock).unwrap_or(&policy.calendar);
    let hours = calendar(id, setting)?;
    let Some(due_at) = terms.ends(clock, hours, from).map_err(in_calendar)? else {
        return Ok(None);
    };
    let limit_seconds = hours.between(from, due_at).as_secs();
    let steps = Step::of_the_law(clock).into_iter().map(|rule| {
        Ok(ClockStep {
            percent: rule.percent,
            tells: rule.tells,
            at: due(hours, from, rule.seconds(limit_seconds))?,
            fired_at: None,
        })
    });
    Ok(Some(ClockChange::Start {
        clock,
        calendar: id.clone(),
        limit_seconds,
        due_at,
        since: Some(from).filter(|from| *from < setting.now),
        steps: steps.collect::<Result<_, Rejection>>()?,
    }))
}

/// The steps of a clock that begins at `now`.
pub fn start_steps(
    policy: &Policy,
    clock: ClockKind,
    limit_seconds: u64,
    calendar: &Calendar,
    now: Timestamp,
) -> Result<Vec<ClockStep>, Rejection> {
    policy
        .steps_of(clock)
        .map(|rule| {
            Ok(ClockStep {
                percent: rule.percent,
                tells: rule.tells,
                at: due(calendar, now, rule.seconds(limit_seconds))?,
                fired_at: None,
            })
        })
        .collect()
}

pub fn calendar<'a>(id: &CalendarId, setting: Setting<'a>) -> Result<&'a Calendar, Rejection> {
    setting
        .catalogue
        .calendar(id)
        .ok_or_else(|| Rejection::Calendar(format!("calendar {id} is not in the catalogue")))
}

pub fn due(calendar: &Calendar, from: Timestamp, seconds: u64) -> Result<Timestamp, Rejection> {
    calendar
        .add(from, Duration::from_secs(seconds))
        .map_err(in_calendar)
}

fn in_calendar(error: CalendarError) -> Rejection {
    Rejection::Calendar(error.to_string())
}
