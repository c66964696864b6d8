//! The coordination, which changes the catalogue while the lives are lived: people go
//! away, leave and come back, categories take nothing new for a while, hours change.
//! It sits at two windows, of which one is at times overtaken by the other.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::people::{OFFICER, OTHER_OFFICER, SUPPORT};
use crate::{Chance, Client};

/// The pause before a call is made again, and while nothing is changed.
const PAUSE: Duration = Duration::from_millis(400);

/// A process goes by what it has read of the catalogue for five seconds.
const KEPT: Duration = Duration::from_secs(6);

/// Categories that take nothing new at times. Lives ask for the first.
const RETIRED_AT_TIMES: [&str; 2] = ["redes", "ofimatica"];

/// The day after that of the run.
const TOMORROW: &str = "11-24";

/// What is otherwise than in the beginning, or was.
#[derive(Clone, Copy)]
enum Changed {
    Still,
    Until(Instant),
}

/// The coordination and what it knows of its own changes.
pub struct Coordination {
    pub client: Client,
    /// The catalogue of the beginning.
    first: Value,
    /// By address or category: whatever is not as it was in the beginning.
    changed: Mutex<BTreeMap<String, Changed>>,
    pub counts: Mutex<BTreeMap<String, u64>>,
    /// Answers that no fault accounts for.
    pub wrong: Mutex<Vec<String>>,
}

impl Coordination {
    pub fn new(client: Client) -> Self {
        let first = client.get("/catalog").must_be(200).json();
        Coordination {
            client,
            first,
            changed: Mutex::default(),
            counts: Mutex::default(),
            wrong: Mutex::default(),
        }
    }

    /// Whether somebody is away, as far as the coordination knows.
    pub fn is_away(&self, email: &str) -> bool {
        let changed = self.changed.lock().unwrap();
        matches!(changed.get(email), Some(Changed::Still))
    }

    /// The officer whom one goes to.
    pub fn officer(&self) -> &'static str {
        match self.is_away(OFFICER) {
            true => OTHER_OFFICER,
            false => OFFICER,
        }
    }

    /// Whether somebody, or a category, was for others not what it was in the
    /// beginning, at some time since.
    pub fn accounts_for(&self, what: &str, since: Instant) -> bool {
        let changed = self.changed.lock().unwrap();
        match changed.get(what) {
            None => false,
            Some(Changed::Still) => true,
            Some(Changed::Until(end)) => *end + KEPT > since,
        }
    }

    /// Has people go and come back, until it is over, with pauses of up to so many half
    /// seconds.
    pub fn move_people(&self, pause: usize, mut chance: Chance, is_over: impl Fn() -> bool) {
        while !is_over() {
            let officers = [OFFICER, OTHER_OFFICER];
            match chance.below(5) {
                0 | 1 => self.move_one(&officers, 2, &mut chance),
                _ => self.move_one(&SUPPORT, 3, &mut chance),
            }
            rest(1 + chance.below(pause), &is_over);
        }
    }

    /// Has what is offered and when people work change, until it is over.
    pub fn move_rules(&self, mut chance: Chance, is_over: impl Fn() -> bool) {
        while !is_over() {
            match chance.below(3) {
                0 => self.move_category(RETIRED_AT_TIMES[chance.below(2)]),
                1 => self.change("holidays announced or called off", |catalogue| {
                    let holidays = catalogue["holidays"].as_array_mut().unwrap();
                    let count = holidays.len();
                    holidays.retain(|holiday| holiday["day"] != TOMORROW);
                    if holidays.len() == count {
                        holidays.push(json!({
                            "id": "dia_de_la_entidad", "name": "Día de la entidad",
                            "kind": "fixed", "day": TOMORROW, "first_year": 2026,
                            "law": "Resolución de la entidad",
                        }));
                    }
                }),
                _ => self.change("hours changed", |catalogue| {
                    let hours = &mut catalogue["calendars"]["habil"]["hours"]["tuesday"];
                    *hours = match hours[0] == "08:00-17:00" {
                        true => json!(["09:00-16:00"]),
                        false => json!(["08:00-17:00"]),
                    };
                }),
            }
            rest(4 + chance.below(10), &is_over);
        }
    }

    /// The catalogue is what it was in the beginning, and everybody is back.
    pub fn restore(&self) {
        self.change("restored", |catalogue| *catalogue = self.first.clone());
        let mut changed = self.changed.lock().unwrap();
        for state in changed.values_mut() {
            *state = Changed::Until(Instant::now());
        }
    }

    /// One of some people goes or comes back; one of them stays at all times. In the
    /// last of so many ways to go he leaves the directory.
    fn move_one(&self, people: &[&str], ways: usize, chance: &mut Chance) {
        let (away, here): (Vec<&str>, Vec<&str>) = people
            .iter()
            .copied()
            .partition(|email| self.is_away(email));
        if !away.is_empty() && (here.len() == 1 || chance.below(2) == 0) {
            let back = away[chance.below(away.len())];
            let entry = self.entry(back);
            self.change("people back", |catalogue| {
                let directory = catalogue["directory"].as_array_mut().unwrap();
                directory.retain(|entry| entry["email"] != back);
                directory.push(entry.clone());
            });
            let until = Changed::Until(Instant::now());
            self.changed.lock().unwrap().insert(back.to_owned(), until);
            return;
        }
        let who = here[chance.below(here.len())];
        // From before it is so until after it is not: whoever looks in between is told.
        self.changed
            .lock()
            .unwrap()
            .insert(who.to_owned(), Changed::Still);
        let way = chance.below(ways);
        let what = [
            "people away",
            "people away until a day",
            "people gone from the directory",
        ];
        self.change(what[way], |catalogue| {
            let directory = catalogue["directory"].as_array_mut().unwrap();
            match way {
                2 => directory.retain(|entry| entry["email"] != who),
                way => {
                    for entry in directory.iter_mut().filter(|entry| entry["email"] == who) {
                        match way {
                            0 => entry["available"] = json!(false),
                            _ => entry["away_until"] = json!("2026-12-01"),
                        }
                    }
                }
            }
        });
    }

    fn move_category(&self, category: &str) {
        let was = self.is_away(category);
        if !was {
            let mut changed = self.changed.lock().unwrap();
            changed.insert(category.to_owned(), Changed::Still);
        }
        let what = ["categories retired", "categories taken up again"];
        self.change(what[usize::from(was)], |catalogue| {
            for entry in catalogue["categories"].as_array_mut().unwrap() {
                if entry["id"] == category {
                    entry["retired"] = json!(!was);
                }
            }
        });
        if was {
            let until = Changed::Until(Instant::now());
            self.changed
                .lock()
                .unwrap()
                .insert(category.to_owned(), until);
        }
    }

    /// Somebody's entry in the beginning.
    fn entry(&self, email: &str) -> Value {
        let mut directory = self.first["directory"].as_array().unwrap().iter();
        directory
            .find(|entry| entry["email"] == email)
            .unwrap()
            .clone()
    }

    /// Changes the catalogue that is in force, by its version, until that is done.
    fn change(&self, what: &str, change: impl Fn(&mut Value)) {
        let mut wanted: Option<(u64, Value)> = None;
        loop {
            let Some(mut now) = self.read() else {
                std::thread::sleep(PAUSE);
                continue;
            };
            let version = now["version"].as_u64().unwrap();
            let document = |catalogue: &Value| {
                let mut document = catalogue.clone();
                document.as_object_mut().unwrap().remove("version");
                document
            };
            // No answer came, and it was written all the same.
            if let Some((over, wanted)) = &wanted
                && version == over + 1
                && document(&now) == *wanted
            {
                break;
            }
            change(&mut now);
            now["version"] = json!(version);
            wanted = Some((version, document(&now)));
            let request = self.client.request("PUT", "/catalog").json(&now);
            match request.try_send() {
                Ok(answer) if answer.status == 200 => break,
                Ok(answer) if answer.status == 409 => self.count("overtaken at the other window"),
                Ok(answer) if answer.status >= 500 || answer.status == 429 => {}
                Ok(answer) => {
                    let why = format!("{what}: {} {}", answer.status, answer.body);
                    self.wrong.lock().unwrap().push(why);
                    return;
                }
                Err(_) => {}
            }
            std::thread::sleep(PAUSE);
        }
        self.count(what);
    }

    fn read(&self) -> Option<Value> {
        let answer = self.client.request("GET", "/catalog").try_send().ok()?;
        (answer.status == 200).then(|| {
            let mut catalogue = answer.json();
            catalogue.as_object_mut().unwrap().remove("warnings");
            catalogue
        })
    }

    fn count(&self, what: &str) {
        let mut counts = self.counts.lock().unwrap();
        *counts.entry(format!("catalogue: {what}")).or_default() += 1;
    }
}

/// Waits for so many half seconds, or less where it is over.
fn rest(half_seconds: usize, is_over: impl Fn() -> bool) {
    let end = Instant::now() + Duration::from_millis(500) * u32::try_from(half_seconds).unwrap();
    while Instant::now() < end && !is_over() {
        std::thread::sleep(Duration::from_millis(100));
    }
}
