//! What commands do to the clocks of a ticket.

use std::time::Duration;

use jiff::Timestamp;

use super::rejection::Rejection;
use super::setting::Setting;
use crate::calendar::{Calendar, CalendarError};
use crate::catalogue::{DirectoryEntry, Role};
use crate::clock::{ClockChange, ClockKind, ClockState, ClockStep, Step};
use crate::ids::{CalendarId, EmailAddress};
use crate::problem::FieldError;
use crate::ticket::{EventKind, Person, Policy, StepReached, Ticket};

/// An event to be, with what it does to the clocks.
pub type Draft = (EventKind, Vec<ClockChange>);

/// What commands do to the clocks of a ticket.
pub struct Clockwork<'a> {
    pub ticket: &'a Ticket,
    pub setting: Setting<'a>,
}

impl Clockwork<'_> {
    fn start(&self, clock: ClockKind, limit_seconds: u64) -> Result<ClockChange, Rejection> {
        let policy = &self.ticket.policy;
        let calendar = calendar(&policy.calendar, self.setting)?;
        Ok(ClockChange::Start {
            clock,
            calendar: policy.calendar.clone(),
            limit_seconds,
            due_at: due(calendar, self.setting.now, limit_seconds)?,
            steps: start_steps(policy, clock, limit_seconds, calendar, self.setting.now)?,
        })
    }

    /// Section 5: the solution time runs for whoever is in charge.
    pub fn start_solution(&self) -> Result<ClockChange, Rejection> {
        self.start(ClockKind::Solution, self.ticket.policy.solution_seconds)
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
                    let rule = Step {
                        clock,
                        percent: step.percent,
                        tells: step.tells,
                    };
                    let left = rule
                        .seconds(stored.limit_seconds)
                        .saturating_sub(stored.used_seconds);
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
        let limits = [
            (ClockKind::Attention, policy.attention_seconds),
            (ClockKind::Solution, policy.solution_seconds),
            (ClockKind::Validation, policy.validation_seconds),
        ];
        let mut changes = Vec::new();
        for (clock, limit_seconds) in limits {
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
            for rule in policy.steps.iter().filter(|rule| rule.clock == clock) {
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

    /// The request has its answer: attention and solution are met, and the
    /// requester's time to validate begins.
    pub fn answered(&self) -> Result<Vec<ClockChange>, Rejection> {
        let mut changes = self.meet(ClockKind::Attention)?;
        changes.extend(self.meet(ClockKind::Solution)?);
        changes.push(self.start(ClockKind::Validation, self.ticket.policy.validation_seconds)?);
        Ok(changes)
    }

    pub fn resolve(&self, solution: &str) -> Result<Vec<Draft>, Rejection> {
        let missing = self.ticket.missing_formats();
        if !missing.is_empty() {
            let codes: Vec<_> = missing.iter().map(|code| code.0.as_str()).collect();
            return Err(Rejection::InvalidTransition(format!(
                "Faltan por diligenciar los formatos: {}.",
                codes.join(", ")
            )));
        }
        Ok(vec![(
            EventKind::Resolved {
                solution: solution.to_owned(),
                round: self.ticket.reopened,
            },
            self.answered()?,
        )])
    }

    /// The solution did not hold: its clock goes on with what was left, and the
    /// time in between counts neither as worked nor as paused.
    pub fn reopen(&self, reason: Option<String>) -> Result<Draft, Rejection> {
        let mut changes = self.stop(ClockKind::Validation)?;
        changes.extend(self.resume(ClockKind::Solution)?);
        Ok((EventKind::Reopened { reason }, changes))
    }

    /// The steps that are due, the earliest first. Once the validation time is
    /// over there is nothing to be reminded of.
    pub fn fire_steps(&self) -> Vec<Draft> {
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
        due.into_iter()
            .map(|(clock, due_at, step)| {
                let late = now.duration_since(step.at).as_secs();
                let reached = StepReached {
                    percent: step.percent,
                    tells: step.tells,
                    due_at,
                    reached_at: step.at,
                    late_seconds: u64::try_from(late).unwrap_or_default(),
                    responsible: match clock {
                        // To get in touch is the desk's.
                        ClockKind::Attention => self.ticket.assignee.clone(),
                        ClockKind::Solution => self.ticket.responsible().cloned(),
                        ClockKind::Validation => None,
                    },
                };
                let fire = ClockChange::Fire {
                    clock,
                    percent: step.percent,
                    tells: step.tells,
                };
                (EventKind::reached(clock, reached), vec![fire])
            })
            .collect()
    }

    pub fn validation_is_over(&self) -> bool {
        self.ticket
            .clocks
            .validation
            .due_at
            .is_some_and(|due| due <= self.setting.now)
    }

    pub fn agent(&self, email: &EmailAddress) -> Result<Person, Rejection> {
        self.setting
            .catalogue
            .agents(&self.ticket.policy.team)
            .find(|agent| agent.email == *email)
            .map(DirectoryEntry::person)
            .ok_or_else(|| {
                Rejection::Validation(FieldError::new(
                    "agent",
                    "unknown_agent",
                    format!("«{email}» no es agente del equipo de esta solicitud."),
                ))
            })
    }

    pub fn officer(&self, email: &EmailAddress) -> Result<Person, Rejection> {
        self.setting
            .catalogue
            .person(email)
            .filter(|entry| {
                entry.roles.contains(&Role::Officer) || entry.roles.contains(&Role::Head)
            })
            .map(DirectoryEntry::person)
            .ok_or_else(|| {
                Rejection::Validation(FieldError::new(
                    "officer",
                    "unknown_officer",
                    format!("«{email}» no es funcionario de la Oficina de Tecnología."),
                ))
            })
    }
}

/// The steps of a clock that begins at `now`.
pub fn start_steps(
    policy: &Policy,
    clock: ClockKind,
    limit_seconds: u64,
    calendar: &Calendar,
    now: Timestamp,
) -> Result<Vec<ClockStep>, Rejection> {
    let rules = policy.steps.iter().filter(|rule| rule.clock == clock);
    rules
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
