//! Where a spreadsheet of people goes in, and what it would change.

use askama::Template;
use types::difference::Difference;
use types::enrolment::{Reach, Tally};
use types::problem::Problem;

use crate::catalogue::{Head, Meanwhile};
use crate::shell::Shell;
use crate::wrong::Wrong;

/// The page.
#[derive(Template)]
#[template(path = "sheet.html")]
pub struct Page<'a> {
    pub shell: Shell<'a>,
    pub head: Head,
    /// The sheet, as text.
    pub text: &'a str,
    pub reach: Reach,
    pub preview: Option<Preview<'a>>,
    pub meanwhile: Option<Meanwhile>,
    /// Why the sheet cannot be taken.
    pub wrong: Option<&'a Problem>,
}

/// What a sheet would change.
pub struct Preview<'a> {
    pub tally: Tally,
    pub differences: Vec<Difference>,
    /// Whose open requests move, and what else is to be noticed.
    pub warnings: Vec<String>,
    /// The version that it is written over.
    pub version: u64,
    pub key: String,
    /// In whose name it will be.
    pub who: &'a str,
}

impl Page<'_> {
    /// As markup.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn written(&self) -> Result<String, askama::Error> {
        self.render()
    }

    /// Every mistake is the sheet's: each names its line.
    fn said(&self) -> Wrong {
        self.wrong
            .map_or_else(Wrong::default, |problem| Wrong::of(problem, |_| "hoja"))
    }

    fn is_whole(&self) -> bool {
        self.reach == Reach::Whole
    }

    fn reach_word(&self) -> &'static str {
        match self.reach {
            Reach::Listed => "listadas",
            Reach::Whole => "todo",
        }
    }
}

impl Preview<'_> {
    fn next_version(&self) -> u64 {
        self.version + 1
    }

    /// `Entran 12 personas, cambian 3 y salen 2; 20 siguen igual.`
    fn summary(&self) -> String {
        let Tally {
            added,
            changed,
            removed,
            unchanged,
        } = self.tally;
        let said = |count: usize, one: &str, many: &str| match count {
            0 => None,
            1 => Some(format!("{one} 1")),
            count => Some(format!("{many} {count}")),
        };
        let parts = [
            said(added, "entra", "entran"),
            said(changed, "cambia", "cambian"),
            said(removed, "sale", "salen"),
            said(unchanged, "sigue igual", "siguen igual"),
        ];
        let parts: Vec<_> = parts.into_iter().flatten().collect();
        format!("Personas: {}.", types::spanish::list(&parts))
    }
}
