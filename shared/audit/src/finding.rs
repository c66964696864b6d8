//! What the auditor may find.

use std::fmt;

/// An invariant that does not hold.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Finding {
    pub kind: Kind,
    /// The row, object, ticket or number that it is about.
    pub place: String,
    /// What is there, and what should be.
    pub detail: String,
}

impl Finding {
    pub(crate) fn new(kind: Kind, place: impl fmt::Display, detail: impl Into<String>) -> Self {
        Finding {
            kind,
            place: place.to_string(),
            detail: detail.into(),
        }
    }
}

macro_rules! kinds {
    ($($(#[doc = $doc:literal])+ $name:ident = $word:literal,)+) => {
        /// The kinds of findings.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Kind {
            $($(#[doc = $doc])+ $name,)+
        }

        impl Kind {
            /// Every kind.
            pub const ALL: &[Kind] = &[$(Kind::$name,)+];

            /// The kind's word, which stays the same.
            pub fn as_str(self) -> &'static str {
                match self {
                    $(Kind::$name => $word,)+
                }
            }

            /// What is not as it should be.
            pub fn meaning(self) -> &'static str {
                match self {
                    $(Kind::$name => concat!($($doc),+).trim_ascii(),)+
                }
            }
        }
    };
}

kinds! {
    /// A row whose document cannot be read, or whose schema is not known.
    UnreadableRow = "unreadable_row",
    /// A row with a key that nothing here writes.
    UnknownRow = "unknown_row",
    /// Rows of a ticket that is not there.
    TicketMissing = "ticket_missing",
    /// A history that does not count from 1 up without gaps.
    EventGap = "event_gap",
    /// A stored ticket that is not what its history makes.
    ReplayDiffers = "replay_differs",
    /// A ticket that its row's attributes place elsewhere than they should.
    IndexDiffers = "index_differs",
    /// An index that does not have what the table's rows say.
    IndexStale = "index_stale",
    /// A ticket with a step to come, and no timer armed for it.
    TimerNotArmed = "timer_not_armed",
    /// A timer armed for another moment than the ticket's next step, or for none.
    TimerDiffers = "timer_differs",
    /// A timer that ran out long ago, and nobody acted on it.
    TimerOverdue = "timer_overdue",
    /// An open ticket that nothing will ever bring up again.
    TimerMissing = "timer_missing",
    /// An open ticket that is on the hands of somebody who is it no more.
    NobodyThere = "nobody_there",
    /// Requests of those who have left, and that were to be handed over long ago.
    HandOverStuck = "hand_over_stuck",
    /// Owed work that no event of the ticket owes.
    OutboxUnfounded = "outbox_unfounded",
    /// Owed work that the sweep does not see.
    OutboxNotArmed = "outbox_not_armed",
    /// Owed work that has waited for too long.
    OutboxTooOld = "outbox_too_old",
    /// A mail that was given up: SES refused it for good, or took none.
    MailGivenUp = "mail_given_up",
    /// A mail that is owed and neither sent, nor waiting, nor left out for a reason.
    MailNotSent = "mail_not_sent",
    /// A mail that is on record as sent more than once.
    MailTwice = "mail_twice",
    /// A sent mail that no event owes.
    MailUnfounded = "mail_unfounded",
    /// An open ticket without an agent, and nobody is looking for one.
    AssignmentNotOwed = "assignment_not_owed",
    /// A person of the matrix of accounts who does not have what signed forms say.
    AccountsDiffer = "accounts_differ",
    /// Somebody whose accounts end, and nobody will be asked to disable them.
    EndNotArmed = "end_not_armed",
    /// Somebody whose accounts end, and whom nobody looked at when it was time.
    EndOverdue = "end_overdue",
    /// A review whose notices, or what it decided, have waited for too long or were left undone.
    ReviewStuck = "review_stuck",
    /// A signed review that is not what was signed, or names what is not there.
    ReviewDiffers = "review_differs",
    /// A number that stands for neither a ticket nor a void.
    NumberUnaccounted = "number_unaccounted",
    /// A number and a ticket that do not say the same of each other.
    NumberDiffers = "number_differs",
    /// A counter that is behind the numbers in use.
    CounterBehind = "counter_behind",
    /// An agent's load that is not the number of his open tickets.
    LoadDiffers = "load_differs",
    /// An idempotency row of a ticket or version that is not there.
    IdempotencyDangling = "idempotency_dangling",
    /// A mail in the bucket that no record accounts for.
    MailUnrecorded = "mail_unrecorded",
    /// A recorded mail whose raw text is not in the bucket.
    RawMailMissing = "raw_mail_missing",
    /// A mail that is not on its day's list, or on another one.
    MailDayDiffers = "mail_day_differs",
    /// A mail and a ticket's history that do not say the same of each other.
    MailEventDiffers = "mail_event_differs",
    /// A Message-ID that was taken for a mail that is not on record.
    SealDangling = "seal_dangling",
    /// A Message-ID leads to a ticket that its mail is not on record of.
    ThreadDangling = "thread_dangling",
    /// An answer to a refused mail that has waited for too long, or answers none.
    AnswerStuck = "answer_stuck",
    /// A file of a ticket that is not in the bucket.
    FileMissing = "file_missing",
    /// A file in the bucket of another size than the ticket says.
    FileDiffers = "file_differs",
    /// A file in the bucket that no ticket names.
    FileOrphan = "file_orphan",
    /// A catalogue in force that is not the one kept under its version.
    CatalogueDiffers = "catalogue_differs",
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
