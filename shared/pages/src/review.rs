//! The quarterly review of a chief's people (A3-FO-11): each account is ratified or withdrawn,
//! what needs a decision first; and who of the chiefs has signed.

use askama::Template;
use types::Date;
use types::format::accounts::Holder;
use types::format::accounts::Standing;
use types::format::schema::systems;
use types::ids::TicketNumber;
use types::mail::day;
use types::problem::Problem;
use types::quarter::Quarter;
use types::review::{Check, ChiefView, Decision, Group, Line, Progress, Review, lines, request_of};
use types::spanish;

use crate::forms::sent;
use crate::shell::Shell;
use crate::words;
use crate::wrong::Wrong;

/// What the name of a decision begins with, in the form.
pub const DECIDED: &str = "decisions.";

/// Where the form goes.
pub const PLACE: &str = "/matriz/refrendo";

/// What is said where another screen of the same chief was faster.
const ELSEWHERE: &str = "Se guardó algo desde otra pantalla suya mientras tenía esta abierta. Lo que eligió aquí \
    sigue marcado: revíselo y guarde o firme de nuevo.";

/// The page of a chief's review.
#[derive(Template)]
#[template(path = "review.html")]
pub struct Page<'a> {
    shell: Shell<'a>,
    quarter: String,
    until: Option<Until>,
    groups: Vec<Shown>,
    progress: Progress,
    people: usize,
    expired: Option<Expired>,
    signed: Option<Frozen>,
    version: u64,
    key: String,
    wrong: Wrong,
}

/// The last day, and whether it is over.
struct Until {
    day: String,
    date: Date,
    is_over: bool,
}

/// Accounts that are good no longer, and active.
struct Expired {
    count: usize,
    whose: String,
}

/// A signature.
struct Frozen {
    who: String,
    when: String,
    sha256: String,
    withdrawn: usize,
}

/// A group of accounts.
struct Shown {
    icon: &'static str,
    name: &'static str,
    hint: &'static str,
    rows: Vec<Row>,
}

/// An account.
struct Row {
    id: String,
    name: String,
    who: String,
    what: String,
    username: String,
    granted: String,
    granted_on: Date,
    by: TicketNumber,
    until: String,
    until_on: Option<Date>,
    tags: Vec<(&'static str, String)>,
    reviewed: String,
    choice: Choice,
    error: Option<String>,
}

/// What there is to choose, or what came of it.
enum Choice {
    /// Both.
    Either(Option<Decision>),
    /// It is over: it can only be withdrawn.
    Withdraw(Option<Decision>),
    /// Nothing: this is how it stands.
    Said(String),
}

impl Row {
    fn ratifies(&self) -> bool {
        matches!(self.choice, Choice::Either(Some(Decision::Ratify)))
    }

    fn withdraws(&self) -> bool {
        matches!(
            self.choice,
            Choice::Either(Some(Decision::Withdraw)) | Choice::Withdraw(Some(Decision::Withdraw))
        )
    }

    fn is_left(&self) -> bool {
        match &self.choice {
            Choice::Either(decision) | Choice::Withdraw(decision) => decision.is_none(),
            Choice::Said(_) => false,
        }
    }

    fn of(line: &Line<'_>, review: &Review, today: Date) -> Self {
        let Line {
            id,
            group,
            holder,
            account,
            decision,
            checks,
        } = line;
        let system = systems().get(&account.system);
        let profile = system.and_then(|system| system.profile(&account.profile));
        let profile = profile.map_or(&*account.profile, |profile| &profile.name);
        let name = system.map_or(&*account.system, |system| &system.name);
        let request = request_of(review, holder);
        let asked = holder.asked_for_end();
        let kind = match holder.kind.as_deref() {
            Some("contractor") => "contratista",
            Some("official") => "de planta",
            Some(_) | None => "sin tipo de vinculación",
        };
        let who = match &holder.unit {
            Some(unit) => format!("{} · {kind} · {unit}", holder.masked()),
            None => format!("{} · {kind}", holder.masked()),
        };
        let until = match (account.valid_until, holder.kind.as_deref()) {
            (Some(until), _) => words::date(until),
            (None, Some("official")) => "Sin término: es de planta".to_owned(),
            (None, _) => "Sin término".to_owned(),
        };
        let mut tags: Vec<_> = checks.iter().map(tag).collect();
        if account.standing(today) == Standing::Expiring
            && let Some(last) = account.valid_until
        {
            tags.insert(0, ("tag tag--soon", expires((last - today).get_days())));
        }
        if let (Some(number), Group::Expired | Group::Expiring) = (asked, group) {
            tags.push(("tag", format!("Ya se pidió deshabilitarla: {number}")));
        }
        let choice = match (group, &review.signed) {
            (Group::Disabled, _) => Choice::Said(match &account.disabled {
                Some(disabled) => format!(
                    "Deshabilitada el {} por la {}",
                    words::date(day(disabled.at)),
                    disabled.by
                ),
                None => String::new(),
            }),
            (_, Some(_)) => Choice::Said(match (decision, request) {
                (Some(Decision::Ratify), _) => "Ratificada".to_owned(),
                (Some(Decision::Withdraw), Some(number)) => {
                    format!("Retirada: se pide en la {number}")
                }
                (Some(Decision::Withdraw), None) => "Retirada: se está pidiendo".to_owned(),
                (None, _) => "Nueva: entra en el próximo".to_owned(),
            }),
            (Group::Expired, None) => Choice::Withdraw(*decision),
            (_, None) => Choice::Either(*decision),
        };
        Row {
            id: id.0.clone(),
            name: holder.name.clone(),
            who,
            what: format!("{name}, {profile}"),
            username: account.username.clone(),
            granted: words::date(day(account.granted_at)),
            granted_on: day(account.granted_at),
            by: account.granted_by,
            until,
            until_on: account.valid_until,
            tags,
            reviewed: match account.last_reviewed {
                Some(at) => words::date(day(at)),
                None => "Nunca".to_owned(),
            },
            choice,
            error: None,
        }
    }
}

fn expires(days: i32) -> String {
    match days {
        0 => "Vence hoy".to_owned(),
        1 => "Vence mañana".to_owned(),
        days => format!("Vence en {days} días"),
    }
}

/// A check in words.
fn tag(check: &Check) -> (&'static str, String) {
    match check {
        Check::Expired { days: 1 } => ("tag tag--danger", "Venció ayer y sigue activa".to_owned()),
        Check::Expired { days } => (
            "tag tag--danger",
            format!("Venció hace {days} días y sigue activa"),
        ),
        Check::Conflict { with, .. } => ("tag tag--soon", format!("Choca con {with}")),
        Check::NoUnit => ("tag tag--soon", "Sin dependencia".to_owned()),
    }
}

/// The names of the groups, in their order.
fn group(group: Group) -> (&'static str, &'static str, &'static str) {
    match group {
        Group::Expired => (
            "i-overdue",
            "Vencidas que siguen activas",
            "solo se pueden retirar: una prórroga pide A3-S1-FO-01",
        ),
        Group::Expiring => (
            "i-soon",
            "Vencen en 15 días o menos",
            "ratificar no alarga la vigencia",
        ),
        Group::Active => ("i-met", "Vigentes", ""),
        Group::Disabled => ("i-lock", "Deshabilitadas este trimestre", ""),
    }
}

impl<'a> Page<'a> {
    /// The page of a review.
    pub fn of(
        shell: Shell<'a>,
        review: &Review,
        holders: &[Holder],
        today: Date,
        key: String,
    ) -> Self {
        let lines = lines(holders, review, today);
        let mut groups: Vec<(Group, Shown)> = Vec::new();
        for line in &lines {
            let row = Row::of(line, review, today);
            match groups.last_mut().filter(|(of, _)| *of == line.group) {
                Some((_, shown)) => shown.rows.push(row),
                None => {
                    let (icon, name, hint) = group(line.group);
                    let shown = Shown {
                        icon,
                        name,
                        hint: match review.signed {
                            Some(_) => "",
                            None => hint,
                        },
                        rows: vec![row],
                    };
                    groups.push((line.group, shown));
                }
            }
        }
        let active = holders
            .iter()
            .filter(|holder| holder.active().next().is_some());
        Page {
            quarter: review.quarter.words(),
            until: review.term.map(|term| Until {
                day: spanish::day(term.last, Some(today.year())),
                date: term.last,
                is_over: term.last < today,
            }),
            progress: Progress::of(&lines),
            people: active.count(),
            expired: match review.signed {
                Some(_) => None,
                None => expired(&lines),
            },
            groups: groups.into_iter().map(|(_, shown)| shown).collect(),
            signed: review.signed.as_ref().map(|signed| Frozen {
                who: signed.by.name.clone(),
                when: spanish::in_words(signed.at),
                sha256: signed.sha256.clone(),
                withdrawn: signed
                    .accounts
                    .iter()
                    .filter(|reviewed| reviewed.decision == Decision::Withdraw)
                    .count(),
            }),
            version: review.version,
            key,
            wrong: Wrong::default(),
            shell,
        }
    }

    /// The same with what was chosen, and with what is wrong with it. What is chosen already
    /// and was not sent stays as it is.
    #[must_use]
    pub fn again(mut self, typed: &[(String, String)], problem: &Problem) -> Self {
        let mut progress = Progress {
            total: self.progress.total,
            ..Progress::default()
        };
        self.wrong = Wrong::said(problem, |error| {
            let id = error.field.strip_prefix(DECIDED);
            let id = id.map_or("refrendo".to_owned(), |id| format!("d-{id}"));
            (id, error.detail.clone())
        });
        if let Problem::VersionConflict { .. } = problem {
            self.wrong = self.wrong.saying(ELSEWHERE);
        }
        for row in self.groups.iter_mut().flat_map(|shown| &mut shown.rows) {
            let chosen = match sent(typed, &format!("{DECIDED}{}", row.id)) {
                Some("ratify") => Some(Decision::Ratify),
                Some("withdraw") => Some(Decision::Withdraw),
                Some(_) | None => None,
            };
            if let Choice::Either(decision) | Choice::Withdraw(decision) = &mut row.choice {
                *decision = chosen.or(*decision);
            }
            progress.ratified += usize::from(row.ratifies());
            progress.withdrawn += usize::from(row.withdraws());
            row.error = self.wrong.at(&format!("d-{}", row.id)).map(str::to_owned);
        }
        self.progress = progress;
        self
    }

    /// As markup.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn written(&self) -> Result<String, askama::Error> {
        self.render()
    }

    fn accounts_words(&self) -> String {
        let accounts = match self.progress.total {
            1 => "1 cuenta activa".to_owned(),
            total => format!("{total} cuentas activas"),
        };
        match self.people {
            1 => format!("{accounts} de 1 persona a su cargo"),
            people => format!("{accounts} de {people} personas a su cargo"),
        }
    }

    fn decided_words(&self) -> String {
        let Progress {
            ratified,
            withdrawn,
            ..
        } = self.progress;
        let one = |count: usize, one: &str, many: &str| match count {
            1 => format!("1 {one}"),
            count => format!("{count} {many}"),
        };
        format!(
            "{}, {}",
            one(ratified, "se ratifica", "se ratifican"),
            one(withdrawn, "se retira", "se retiran")
        )
    }

    fn left_words(&self) -> String {
        match self.progress.left() {
            0 => "no falta ninguna".to_owned(),
            1 => "falta 1".to_owned(),
            left => format!("faltan {left}"),
        }
    }

    fn place(&self) -> &'static str {
        PLACE
    }
}

fn expired(lines: &[Line<'_>]) -> Option<Expired> {
    let over = || lines.iter().filter(|line| line.group == Group::Expired);
    let mut names: Vec<_> = over().map(|line| line.holder.name.clone()).collect();
    names.dedup();
    (!names.is_empty()).then(|| Expired {
        count: over().count(),
        whose: spanish::list(&names),
    })
}

/// How the reviews of a quarter stand, for those who oversee them.
pub struct Standings {
    pub(crate) quarter: String,
    pub(crate) signed: usize,
    pub(crate) rows: Vec<ChiefRow>,
}

pub(crate) struct ChiefRow {
    pub(crate) name: String,
    pub(crate) email: String,
    pub(crate) class: &'static str,
    pub(crate) said: String,
    pub(crate) due: String,
}

impl Standings {
    /// Of some chiefs, as they stand on a day.
    pub fn of(quarter: Quarter, chiefs: &[ChiefView], today: Date) -> Self {
        let rows = chiefs.iter().map(|view| {
            let is_over = view.due.is_some_and(|due| due < today);
            let (class, said) = match (view.signed_at, is_over) {
                (Some(at), _) => ("tag tag--ok", format!("Firmó el {}", words::date(day(at)))),
                (None, true) => ("tag tag--danger", "No firmó a tiempo".to_owned()),
                (None, false) => ("tag", "Sin firmar".to_owned()),
            };
            ChiefRow {
                email: match view.chief.name == view.chief.email.as_str() {
                    true => String::new(),
                    false => view.chief.email.to_string(),
                },
                name: view.chief.name.clone(),
                class,
                said,
                due: match view.due {
                    Some(due) => words::date(due),
                    None => "Sin plazo: empezó por su cuenta".to_owned(),
                },
            }
        });
        Standings {
            quarter: quarter.words(),
            signed: chiefs
                .iter()
                .filter(|view| view.signed_at.is_some())
                .count(),
            rows: rows.collect(),
        }
    }
}
