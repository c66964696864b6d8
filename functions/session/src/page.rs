//! What people read on the way in and out: one page with one sentence and one button.

use cloud::clock;
use cloud::http::{Answer, Call};
use pages::entrance::{Offer, Page};
use pages::shell::{Section, Shell};

use crate::attempt::Path;

/// Why somebody is not in, or not out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// He said no at the issuer.
    Cancelled,
    /// He came back without having been sent, too late, or twice.
    Stale,
    /// The issuer does not take the code.
    Code,
    /// The issuer did not answer.
    Unreachable,
    /// The issuer's answer is not to be relied on, or we are not set up with it.
    Issuer,
    /// His address is not verified.
    Unverified,
    /// His account is none of the entity's.
    Foreign,
    /// A page of somebody else sent the form.
    Elsewhere,
    /// The table did not answer.
    Busy,
    /// The table did not answer, and he is still signed in.
    StillIn,
}

impl Trouble {
    /// Status, title, and what happened.
    fn told(self) -> (u16, &'static str, &'static str) {
        match self {
            Trouble::Cancelled => (403, "No entró", "El ingreso se canceló antes de terminar."),
            Trouble::Stale => (
                400,
                "Este ingreso ya no sirve",
                "Pasó demasiado tiempo, o la página se abrió dos veces. Empiece de nuevo.",
            ),
            Trouble::Code => (
                400,
                "Este ingreso ya se usó",
                "El proveedor de identidad no acepta dos veces el mismo ingreso. Empiece de nuevo.",
            ),
            Trouble::Unreachable => (
                503,
                "No se pudo comprobar quién es",
                "El proveedor de identidad no respondió. Espere un momento y vuelva a intentarlo.",
            ),
            Trouble::Issuer => (
                502,
                "No se pudo comprobar quién es",
                "La respuesta del proveedor de identidad no es válida. Si vuelve a pasar, avise a la Mesa de Ayuda.",
            ),
            Trouble::Unverified => (
                403,
                "Su correo no está verificado",
                "El proveedor de identidad no confirma que esa dirección sea suya. Entre con otra cuenta.",
            ),
            Trouble::Foreign => (
                403,
                "Esa cuenta no es de la entidad",
                "Entre con su cuenta de la entidad, no con una personal.",
            ),
            Trouble::Elsewhere => (
                403,
                "El formulario no venía de esta página",
                "Por seguridad no se hizo nada. Vuelva a intentarlo desde aquí.",
            ),
            Trouble::Busy => (
                503,
                "No se pudo entrar",
                "La Mesa de Ayuda no respondió a tiempo. Espere un momento y vuelva a intentarlo.",
            ),
            Trouble::StillIn => (
                503,
                "Su sesión sigue abierta",
                "No se pudo cerrar en este momento. Vuelva a intentarlo.",
            ),
        }
    }

    /// Whether going on with the account that the issuer knows would end here again.
    fn wants_another_account(self) -> bool {
        matches!(self, Trouble::Unverified | Trouble::Foreign)
    }
}

/// The page with the button; `left` where somebody has just signed out.
pub fn enter(call: &Call, to: &Path, left: Left) -> Answer {
    let (said, account) = match left {
        Left::JustNow => ("Su sesión quedó cerrada.", "otra"),
        Left::No => (
            "Pida ayuda con su computador, su correo, las aplicaciones o la red, y siga sus solicitudes. Entre con su cuenta de la entidad.",
            "",
        ),
    };
    let offer = Offer::Enter {
        label: "Entrar",
        account,
    };
    page(call, 200, "Entrar", said, to, offer)
}

/// Whether somebody has just signed out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Left {
    JustNow,
    No,
}

/// The page for somebody who is signed in.
pub fn entered(call: &Call, to: &Path, name: Option<&str>, email: &str) -> Answer {
    let name = name.unwrap_or(email);
    page(call, 200, "Ya entró", "", to, Offer::Leave { name, email })
}

/// The page that says what went wrong, and offers to try again.
pub fn trouble(call: &Call, trouble: Trouble, to: &Path) -> Answer {
    let (status, title, said) = trouble.told();
    let offer = match trouble {
        Trouble::StillIn => Offer::LeaveAgain,
        _ if trouble.wants_another_account() => Offer::Enter {
            label: "Entrar con otra cuenta",
            account: "otra",
        },
        _ => Offer::Enter {
            label: "Volver a intentarlo",
            account: "",
        },
    };
    page(call, status, title, said, to, offer)
}

fn page(call: &Call, status: u16, title: &str, said: &str, to: &Path, offer: Offer<'_>) -> Answer {
    let page = Page {
        shell: Shell::new(title, Section::Nowhere, clock::now()),
        title,
        said,
        to: to.as_str(),
        offer,
    };
    Answer::page(call, status, page.written())
}
