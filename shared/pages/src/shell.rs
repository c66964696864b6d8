//! What stands around every page.

use std::borrow::Cow;

use jiff::Timestamp;
use types::catalogue::{Catalogue, Role};
use types::ids::TicketNumber;
use types::permission::Caller;
use types::preferences::{Preferences, SingleKeys};
use types::ticket::Ticket;
use types::views::Filter;
pub use types::views::View;

use crate::assets::EDITION;
use crate::forms;

/// The content security policy of every page. Nothing but what is served here: a
/// page shows what strangers wrote. No script may make markup or code of a text.
pub const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; \
    img-src 'self' data: blob:; font-src 'self'; connect-src 'self'; form-action 'self'; \
    base-uri 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'";

/// What is around a page: title, who looks, where he is.
pub struct Shell<'a> {
    pub title: String,
    /// Nobody: whoever came by a link, or has not signed in.
    pub who: Option<&'a Caller>,
    pub section: Section,
    /// For the rail of those who work here.
    pub counts: Option<Counts>,
    /// Today's refused mails, where somebody counted them.
    pub refused: Option<usize>,
    /// The views that he gave a name.
    pub saved: Vec<Saved>,
    /// Whether he wants keys of a single character, where he said so.
    pub single_keys: Option<SingleKeys>,
    /// What was just done.
    pub notice: Option<Notice>,
    pub now: Timestamp,
    /// Extensions to call, by team.
    pub phones: Vec<Phone<'a>>,
}

/// A team that can be called.
pub struct Phone<'a> {
    pub team: &'a str,
    pub extensions: &'a [String],
}

/// Where in the product a page is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Section {
    Nowhere,
    Call,
    Mail,
    Today,
    Catalogue,
    /// What waits for somebody's signature.
    Formats,
    /// Who has which accounts.
    Accounts,
    /// Which of them his people still need.
    Review,
    New,
    Mine,
    Queue(View),
}

/// How many tickets a view has. Counting ends at [`Counts::MOST`].
#[derive(Clone, Debug, Default)]
pub struct Counts(Vec<(View, usize)>);

impl Counts {
    /// Beyond that nobody counts: the view says `99+`.
    pub const MOST: usize = 99;

    /// What was counted.
    pub fn of(counted: Vec<(View, usize)>) -> Self {
        Counts(counted)
    }

    fn get(&self, view: View) -> Option<usize> {
        let mut counted = self.0.iter();
        counted
            .find(|(other, _)| *other == view)
            .map(|(_, count)| *count)
    }
}

/// What a command came to, said on the page that follows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    pub words: Cow<'static, str>,
    /// Where whoever is done goes on, and how that is called.
    pub way: Option<(String, &'static str)>,
}

/// What is said of a message that the desk sent.
const SENT: &str = "Enviado a quien pidió la solicitud.";

impl Notice {
    /// The notice of a word in the address.
    pub fn of(word: &str) -> Option<Self> {
        let said = match word {
            "registrada" => "Su solicitud quedó registrada.",
            "enviado" => SENT,
            "nota" => "Nota guardada.",
            "aceptada" => "El correo quedó registrado como solicitud.",
            "atendida" => "Registrada. Es suya y ya consta que la atendió.",
            "sin-copia" => "Ya no recibe los correos de esa solicitud.",
            "copia" => "Ya no recibe copia.",
            "tomada" => "La solicitud es suya.",
            "asignada" => "Asignada.",
            "contacto" => "Contacto registrado: el tiempo de atención se detuvo.",
            "categoria" => "Categoría cambiada.",
            "solicitante" => "Solicitante cambiado. Se avisa a las dos personas.",
            "espera" => "En espera de quien pidió: el tiempo de solución se detuvo.",
            "reanudada" => "Reanudada: el tiempo de solución corre otra vez.",
            "escalada" => "Escalada a la Oficina de Tecnología.",
            "devuelta" => "Devuelta a la Mesa de Ayuda.",
            "consultada" => "Enviada al proveedor: el tiempo de solución se detuvo.",
            "respondida" => "Respuesta del proveedor registrada.",
            "informada" => {
                "La Mesa de Ayuda recibió la solución y sigue con ella: no hace falta devolverla."
            }
            "incidente" => "Descripción del incidente guardada.",
            "reportada" => "Reporte registrado.",
            "peticion" => "Marcada como petición: corre el plazo para trasladarla.",
            "sin-peticion" => "Ya no está marcada como petición.",
            "enlace" => "El enlace del correo quedó anulado.",
            "resuelta" => "Resuelta. El solicitante recibe la solución por correo.",
            "declinada" => "Declinada. El solicitante recibe el motivo por correo y puede objetar.",
            "trasladada" => "Trasladada. Quien la hizo recibe copia por correo.",
            "cerrada" => "Cerrada.",
            "rechazada" => "La solicitud vuelve a la Mesa de Ayuda.",
            "catalogo" => "Guardado: ya está vigente.",
            "vista" => "La vista quedó guardada.",
            "sin-vista" => "La vista ya no está entre las suyas.",
            "firmada" => "Firmada. A quien le toca ahora le llega un correo.",
            "completo" => "Firmada: el formato quedó completo.",
            "borrador" => "Borrador guardado.",
            "correccion" => "La sección quedó abierta para corregirla.",
            "decidido" => "Guardado. Falta firmar.",
            "hecho" => "Hecho.",
            "salio" => "Su sesión terminó.",
            _ => return None,
        };
        Some(Notice {
            words: said.into(),
            way: None,
        })
    }

    /// The same about a ticket that whoever looks has left behind.
    #[must_use]
    pub fn about(self, number: TicketNumber) -> Self {
        Notice {
            words: format!("{number}: {}", self.words).into(),
            way: Some((format!("/solicitudes/{}", number.0), "Volver a ella")),
        }
    }

    /// The same to whoever wrote to the desk: who reads his `message`.
    #[must_use]
    pub(crate) fn sent_to_desk(self, ticket: &Ticket, message: Option<u64>) -> Self {
        if self.words != SENT {
            return self;
        }
        let words = match &ticket.assignee {
            Some(person) => format!("Enviado a {}, que atiende la solicitud.", person.name).into(),
            None => "Enviado a la Mesa de Ayuda.".into(),
        };
        Notice {
            words,
            way: message.map(|message| (format!("#m{message}"), "Ver su mensaje")),
        }
    }
}

impl<'a> Shell<'a> {
    /// A page of somebody's.
    pub fn new(title: impl Into<String>, section: Section, now: Timestamp) -> Self {
        Shell {
            title: title.into(),
            who: None,
            section,
            counts: None,
            refused: None,
            saved: vec![],
            single_keys: None,
            notice: None,
            now,
            phones: vec![],
        }
    }

    /// The same, seen by somebody.
    #[must_use]
    pub fn seen_by(mut self, caller: &'a Caller) -> Self {
        self.who = Some(caller);
        self
    }

    /// The same, as he has set it up for himself; `address` is where he is.
    pub fn set_up(&mut self, own: Preferences, address: Option<&Filter>) {
        self.single_keys = own.single_keys;
        let views = own.views.into_iter();
        self.saved = views
            .map(|view| Saved {
                address: address_of(&view.filter),
                current: Some(&view.filter) == address,
                name: view.name,
            })
            .collect();
    }

    /// The same, with the phones of the teams.
    #[must_use]
    pub fn with_phones(mut self, catalogue: &'a Catalogue) -> Self {
        let teams = catalogue.document().teams.iter();
        let phones = teams.filter(|team| !team.retired && !team.extensions.is_empty());
        let phones = phones.map(|team| Phone {
            team: &team.name,
            extensions: &team.extensions,
        });
        self.phones = phones.collect();
        self
    }

    /// Whether whoever looks works here: he gets the tool, others the document.
    pub fn is_tool(&self) -> bool {
        self.who.is_some_and(works_here)
    }

    pub(crate) fn styles(&self) -> String {
        format!("/recursos/{EDITION}/mesa.css")
    }

    pub(crate) fn scripts(&self) -> String {
        format!("/recursos/{EDITION}/mesa.js")
    }

    /// The keys of what whoever looks may do to a request.
    pub(crate) fn keys(&self) -> String {
        self.who.map_or_else(String::new, forms::keys)
    }

    /// Whether whoever looks registers calls.
    pub(crate) fn takes_calls(&self) -> bool {
        self.who.is_some_and(Caller::is_desk)
    }

    /// Whether whoever looks reads refused mail.
    pub(crate) fn reads_mail(&self) -> bool {
        self.who.is_some_and(crate::mailroom::may_look)
    }

    /// Whether whoever looks has a page of the day.
    pub(crate) fn has_today(&self) -> bool {
        self.who.is_some_and(oversees)
    }

    pub(crate) fn on_mail(&self) -> bool {
        self.section == Section::Mail
    }

    pub(crate) fn on_today(&self) -> bool {
        self.section == Section::Today
    }

    /// Whether whoever looks is of an office that signs.
    pub(crate) fn signs(&self) -> bool {
        self.who.is_some_and(signs_formats)
    }

    pub(crate) fn on_formats(&self) -> bool {
        self.section == Section::Formats
    }

    pub(crate) fn on_accounts(&self) -> bool {
        self.section == Section::Accounts
    }

    /// Whether whoever looks sees which chiefs have signed their reviews, and has no rail.
    pub(crate) fn reviews(&self) -> bool {
        self.who.is_some_and(sees_reviews)
    }

    pub(crate) fn on_review(&self) -> bool {
        self.section == Section::Review
    }

    pub(crate) fn on_catalogue(&self) -> bool {
        self.section == Section::Catalogue
    }

    /// Today's refused mails that wait for somebody, as the rail says it.
    pub(crate) fn refused_shown(&self) -> String {
        counted(self.refused)
    }

    pub(crate) fn on_call(&self) -> bool {
        self.section == Section::Call
    }

    pub(crate) fn on_new(&self) -> bool {
        self.section == Section::New
    }

    pub(crate) fn on_mine(&self) -> bool {
        self.section == Section::Mine
    }

    pub(crate) fn views(&self) -> Vec<ViewLink> {
        let counts = self.counts.as_ref();
        let views = View::ALL.iter().copied();
        views
            .map(|view| ViewLink {
                view,
                current: self.section == Section::Queue(view)
                    && !self.saved.iter().any(|saved| saved.current),
                count: counts.and_then(|counts| counts.get(view)),
            })
            .collect()
    }
}

/// A view that somebody gave a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Saved {
    pub name: String,
    pub address: String,
    /// Whether that is where he is.
    pub current: bool,
}

/// The address of a view of the queue.
pub fn address_of(filter: &Filter) -> String {
    let mut query = form_urlencoded::Serializer::new(String::new());
    format!("/cola?{}", query.extend_pairs(filter.pairs()).finish())
}

/// A count as the rail says it: nothing where nobody counted, and `99+` where nobody
/// counted to the end.
fn counted(count: Option<usize>) -> String {
    match count {
        None => String::new(),
        Some(count) if count > Counts::MOST => format!("{}+", Counts::MOST),
        Some(count) => count.to_string(),
    }
}

/// A view in the rail.
pub(crate) struct ViewLink {
    pub(crate) view: View,
    pub(crate) current: bool,
    count: Option<usize>,
}

impl ViewLink {
    /// Its drawing.
    pub(crate) fn icon(&self) -> &'static str {
        match self.view {
            View::Due => "i-soon",
            View::Own => "i-person",
            View::Free => "i-nobody",
            View::Waiting => "i-paused",
            View::Solved => "i-met",
            View::Open => "i-list",
            View::Closed => "i-box",
        }
    }

    /// The key that leads there after `g`.
    pub(crate) fn key(&self) -> Option<&'static str> {
        match self.view {
            View::Open => Some("g c"),
            View::Own => Some("g m"),
            View::Due | View::Free | View::Waiting | View::Solved | View::Closed => None,
        }
    }

    pub(crate) fn shown(&self) -> String {
        counted(self.count)
    }

    /// What the number asks for.
    pub(crate) fn class(&self) -> &'static str {
        match (self.view, self.count) {
            (View::Due, Some(1..)) => "count count--late",
            (View::Own | View::Free, Some(1..)) => "count count--act",
            (_, _) => "count",
        }
    }
}

/// Whether somebody looks after the work of all teams.
pub fn oversees(caller: &Caller) -> bool {
    let roles = [Role::Coordinator, Role::Head, Role::Auditor];
    roles.into_iter().any(|role| caller.is(role))
}

/// Whether somebody has a role beside those of asking and of signing formats.
pub fn works_here(caller: &Caller) -> bool {
    caller.roles.iter().any(|role| match role {
        Role::Requester | Role::Personnel | Role::Contracting | Role::Administrative => false,
        Role::Agent | Role::Officer | Role::Coordinator | Role::Auditor | Role::Head => true,
    })
}

/// Whether somebody sees which chiefs have signed their reviews of accounts.
pub fn sees_reviews(caller: &Caller) -> bool {
    oversees(caller) || signs_formats(caller)
}

/// Whether somebody is of an office that signs formats (section 5.1).
pub fn signs_formats(caller: &Caller) -> bool {
    let offices = [Role::Personnel, Role::Contracting, Role::Administrative];
    offices.into_iter().any(|role| caller.is(role))
}
