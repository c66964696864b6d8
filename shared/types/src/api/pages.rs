//! The addresses of the pages. A browser's navigation carries no token, so none
//! of them is behind API Gateway's authorizer: whoever answers looks the session
//! up. Forms that give a command stand with the command, in the table of routes.

use super::{Function, Routes};

/// A page's address.
pub struct Page {
    pub method: &'static str,
    /// Parameters stand in braces.
    pub path: &'static str,
    /// Whose it is.
    pub function: Function,
}

macro_rules! pages {
    ($(
        $(#[doc = $about:literal])+
        $module:ident: $function:ident {$(
            $(#[doc = $doc:literal])+
            $page:ident $method:ident $path:literal;
        )+}
    )+) => {
        $(
            $(#[doc = $about])+
            pub mod $module {
                use super::{Routes, matches_key};

                /// Every page of the function.
                #[derive(Clone, Copy, Debug, PartialEq, Eq)]
                pub enum Page {
                    $($(#[doc = $doc])+ $page,)+
                }

                impl Routes for Page {
                    fn of(key: &str) -> Option<Self> {
                        $(if matches_key(key, stringify!($method), $path) {
                            return Some(Page::$page);
                        })+
                        None
                    }
                }
            }
        )+

        /// Every page.
        pub static PAGES: &[Page] = &[$($(Page {
            method: stringify!($method),
            path: $path,
            function: Function::$function,
        }),+),+];
    };
}

fn matches_key(key: &str, method: &str, path: &str) -> bool {
    key.split_once(' ') == Some((method, path))
}

/// The methods of a path among the pages, and among the forms of commands.
pub fn methods_of(path: &str) -> Vec<&'static str> {
    let pages = PAGES.iter().map(|page| (page.method, page.path));
    let forms = super::ROUTES.iter();
    let forms = forms.flat_map(|row| row.forms().map(|path| (row.method, path)));
    pages
        .chain(forms)
        .filter(|(_, pattern)| super::matches(pattern, path))
        .map(|(method, _)| method)
        .collect()
}

pages! {
    /// What is read.
    desk: Desk {
        /// Where somebody begins depends on what he is.
        Home GET "/";
        /// The requester's own.
        Mine GET "/solicitudes";
        /// A form for a new one.
        New GET "/solicitudes/nueva";
        /// One request: a conversation to its requester, a tool to the desk.
        Ticket GET "/solicitudes/{ref}";
        /// A format of a request: what is signed, and the form of whose turn it is.
        Format GET "/solicitudes/{ref}/formatos/{code}";
        /// The formats that wait for whoever looks.
        Formats GET "/formatos";
        /// Who has which accounts, until when (A3-FO-11).
        Accounts GET "/matriz";
        /// Which of the accounts of his people a chief still needs, this quarter.
        Review GET "/matriz/refrendo";
        /// A file of a request.
        File GET "/solicitudes/{ref}/archivos/{id}";
        /// The desk's queue.
        Queue GET "/cola";
        /// The next request of whoever asks.
        Next GET "/cola/siguiente";
        /// Somebody calls: who, and what he has open already.
        Call GET "/llamada";
        /// What today needs of whoever coordinates.
        Today GET "/hoy";
    }
    /// The catalogue and the directory.
    catalogue: Desk {
        /// Where whoever looks at it begins.
        Start GET "/catalogo";
        /// The entries of a part: people, teams, categories.
        Part GET "/catalogo/{part}";
        /// What was in force before, and who changed it.
        Versions GET "/catalogo/versiones";
        /// Where a spreadsheet of people goes in.
        Sheet GET "/catalogo/personas/hoja";
        /// Says what it would change, and carries it out once that was seen.
        Enrol POST "/catalogo/personas/hoja";
        /// One entry, or the form for a new one.
        Entry GET "/catalogo/{part}/ficha";
        /// Says what a change would do, and carries it out once that was seen.
        Revise POST "/catalogo/{part}/ficha";
    }
    /// What somebody who works here says of himself.
    own: Desk {
        /// That he is at a request, and what he does there; who else is.
        Presence POST "/solicitudes/{ref}/presencia";
        /// Gives a name to a view of the queue.
        SaveView POST "/cola/vistas";
        /// Takes it back.
        DropView POST "/cola/vistas/retiro";
        /// Whether keys of a single character do anything.
        Keys POST "/teclas";
    }
    /// What whoever comes may have.
    public: Desk {
        /// A request, to whoever holds the link that its requester was mailed.
        Linked GET "/s/{token}";
        /// A file of it.
        LinkedFile GET "/s/{token}/archivos/{id}";
        /// What people are told of their data.
        Privacy GET "/privacidad";
        /// Styles and scripts.
        Asset GET "/recursos/{edition}/{name}";
    }
    /// The forms of formats, which are not commands' own: what they ask for is data.
    formats: Resolution {
        /// Keeps a draft, signs, or asks for a correction.
        Fill POST "/solicitudes/{ref}/formatos/{code}";
    }
    /// Registering.
    intake: Intake {
        /// Registers a call, takes it and meets its attention time, at once.
        Call POST "/llamada";
        /// Keeps what a chief has decided on his people's accounts, or signs it.
        Review POST "/matriz/refrendo";
    }
    /// Mail that came in.
    mailroom: Mailroom {
        /// What was refused on a day.
        Refused GET "/correo";
        /// One mail, as text.
        Mail GET "/correo/{id}";
    }
    /// Signing in and out.
    session: Session {
        /// A button, or who is signed in.
        Entrance GET "/entrar";
        /// Off to the issuer.
        Begin POST "/entrar";
        /// Back from there.
        Return GET "/entrar/vuelta";
        /// Out.
        Leave POST "/salir";
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn methods() {
        for (path, methods) in [
            ("/", &["GET"][..]),
            ("/solicitudes", &["GET", "POST"]),
            ("/solicitudes/7", &["GET"]),
            ("/solicitudes/7/solucion", &["POST"]),
            ("/entrar", &["GET", "POST"]),
            ("/tickets", &[]),
            ("/nada", &[]),
        ] {
            assert_eq!(methods_of(path), methods, "{path}");
        }
    }
}
