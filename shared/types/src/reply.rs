//! What a requester's answer to a solution says (activity 14): that he is content,
//! how he rates it, or that it did not hold. It is the same by mail and over HTTP.

use crate::folding::folded;

/// What an answer does where it is waited for, in the words of mails and pages.
pub const ENDS_WAIT: &str =
    "Con su respuesta termina la espera y la Mesa de Ayuda sigue con su solicitud.";

/// What an answer to a solution does, as [`Word::of`] reads it.
pub const REOPENS: &str = "Si cuenta qué falta, la solicitud se reabre. Un «gracias» no la abre.";

/// The same where the service is rated.
pub const RATES_OR_REOPENS: &str = "Un número de 1 a 5 en la primera línea (5 es lo mejor) \
    califica la atención. Si cuenta qué falta, la solicitud se reabre. Un «gracias» no la abre.";

/// What an answer to a request does that was declined or passed on.
pub const OBJECTS: &str = "Si dice por qué no está de acuerdo, la solicitud se reabre. Un \
    «entendido» no la abre.";

/// What an answer to a solution says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Word {
    /// Thanks, and nothing else.
    Thanks,
    /// The survey, as its first line: `1` to `5`, or that it is not solved.
    Survey {
        solved: bool,
        rating: u8,
        comment: Option<String>,
    },
    /// Anything else. What is in doubt is an objection: one too many costs the desk a
    /// look, one too few leaves somebody without help.
    Objection,
}

/// The rating of an answer that only says that it is not solved.
const LOWEST: u8 = 1;

/// Lines of a signature that nobody marked as one.
const SIGNATURE_LINES: usize = 10;
/// Longest such line, in characters.
const SIGNATURE_CHARS: usize = 70;

/// Words that say that it did, or that thank for it. One of them has to be there.
const CONTENT: &str = "gracias agradezco agradecemos agradecida agradecido agradecidas agradecidos \
    mil listo lista perfecto perfecta excelente ok okey okay oki vale genial super buenisimo funciona funciono \
    funcionando quedo resuelto resuelta solucionado solucionada arreglado amable amables recibido \
    recibida enterado enterada entendido entendida confirmado confirmo chevere bendiciones \
    thanks thank thx ty understood tks great perfect works worked working fixed solved resolved appreciated \
    appreciate received noted awesome excellent cheers \
    obrigado obrigada obrigados obrigadas agradeco valeu funcionou resolvido resolvida perfeito \
    perfeita otimo otima recebido recebida grato grata";

/// Words around them that say nothing more: greetings, wishes, whom and what for.
const AROUND: &str = "a al con como de del el ella ellos en es esta este la las le les lo los me mi muy mucho muchos muchas \
    muchisimas muchisimos infinitas nuevo nuevamente por que tenga tengan se su sus te tan todo toda todos todas tu \
    un una usted ustedes y ya yo ha estan bien buen buena buenas buenos hola cordial \
    cordialmente saludo saludos atentamente atte feliz felices linda lindo excelente dia dias \
    tarde tardes noche noches semana fin resto jornada estimado estimada estimados estimadas \
    doctor doctora dr dra ing ingeniero ingeniera senor senora sr sra apreciado apreciada \
    companero companera companeros equipo mesa ayuda soporte tecnologia oficina apoyo atencion ayudarme \
    colaboracion colaborarme gestion respuesta oportuna oportuno pronta pronto rapida rapido agil eficaz eficiente \
    servicio trabajo solucion solucionar solucionarlo tiempo amabilidad disposicion paciencia correo mensaje \
    siempre igualmente acuerdo conforme satisfecha satisfecho gusto exito exitos dios pague quedamos \
    so very much for your you the it its is are all now good well and again i my we to of in this that have has been a an nice day \
    weekend evening afternoon morning night hi hello dear team help support quick fast prompt reply response service \
    best kind regards sincerely many lot was got job work just helping \
    muito muita muitas mesmo pela pelo pelos pelas ajuda suporte atendimento rapidez \
    esta tudo certo agora bem o os as da das do dos ao e em bom boa tenha um uma otimo \
    tarde noite ola caro cara abraco abracos att meu minha voce voces por";

/// Signs that people answer with.
const SIGNS: [char; 33] = [
    '👍', '👌', '🙏', '👏', '🙌', '🤝', '💪', '✅', '✔', '☑', '🎉', '💯', '❤', '💙', '💚', '♥',
    '⭐', '🌟', '😀', '😁', '😃', '😄', '😊', '🙂', '☺', '😉', '🤗', '😍', '🥰', '😇', '🫶', '🤩',
    '😎',
];

/// The same, drawn with letters.
const DRAWN: [&str; 9] = [":-)", ":)", ";-)", ";)", ":-d", ":d", "(y)", "<3", "+1"];

/// What does not go with being content, wherever it stands in a comment.
const COMPLAINTS: [&str; 34] = [
    "sigue ",
    "siguen ",
    "sigo ",
    "aun ",
    "todavia",
    "persiste",
    "continua ",
    "no funcion",
    "no abre",
    "no sirve",
    "no sirvio",
    "no qued",
    "no se resol",
    "no se soluc",
    "no resuel",
    "no soluc",
    "no puedo",
    "no pude",
    "no ha ",
    "no han ",
    "no me ",
    "sin resolver",
    "sin soluc",
    "volvio a ",
    "otra vez fall",
    "still ",
    "not work",
    "not solved",
    "not fixed",
    "doesn't",
    "does not",
    "ainda",
    "nao funcion",
    "nao resolv",
];

/// How an answer begins that says that it is not solved.
const NOT_SOLVED: [&str; 14] = [
    "no resuelta",
    "no resuelto",
    "no solucionada",
    "no solucionado",
    "no esta resuelta",
    "no esta resuelto",
    "no quedo resuelta",
    "no quedo resuelto",
    "not solved",
    "not resolved",
    "unsolved",
    "nao resolvida",
    "nao resolvido",
    "nao esta resolvida",
];

/// Words before the number of a rating, and after it.
const RATES: [&str; 9] = [
    "calificacion",
    "califico",
    "puntuacion",
    "puntaje",
    "valoracion",
    "nota",
    "rating",
    "score",
    "avaliacao",
];
const OF_FIVE: [&str; 13] = [
    "",
    "/5",
    "/ 5",
    "de 5",
    "de cinco",
    "out of 5",
    "of 5",
    "em 5",
    "estrella",
    "estrellas",
    "puntos",
    "stars",
    "estrelas",
];

impl Word {
    /// What `text` says, newly written and without what it quotes. `name` is the
    /// writer's, who may sign with it.
    pub fn of(text: &str, name: &str) -> Self {
        let text = text.trim();
        let (first, rest) = text.split_once('\n').unwrap_or((text, ""));
        // `Buenos días:` and then the word itself.
        if is_greeting(first) && !rest.trim().is_empty() {
            let rest = Word::of(rest, name);
            if rest != Word::Objection {
                return rest;
            }
        }
        survey(first, rest, name).unwrap_or_else(|| {
            if is_thanks(text, name) {
                Word::Thanks
            } else {
                Word::Objection
            }
        })
    }
}

fn survey(first: &str, rest: &str, name: &str) -> Option<Word> {
    if let Some(after) = not_solved(first) {
        return Some(Word::Survey {
            solved: false,
            rating: LOWEST,
            comment: comment(&[after, rest]),
        });
    }
    let (rating, after) = rating(first, name)?;
    let said = folded(rest).replace('\n', " ");
    let solved = !COMPLAINTS.iter().any(|sign| said.contains(sign));
    Some(Word::Survey {
        solved,
        rating,
        comment: comment(&[after, rest]),
    })
}

fn comment(parts: &[&str]) -> Option<String> {
    let parts = parts.iter().map(|part| part.trim());
    let parts: Vec<_> = parts.filter(|part| !part.is_empty()).collect();
    (!parts.is_empty()).then(|| parts.join("\n"))
}

/// Without what programs and people put around a word: bold, quotes, brackets.
fn bare(line: &str) -> &str {
    let around = |c: char| c.is_whitespace() || "*_#\"'«»“”‘’()[]>·•¡!".contains(c);
    line.trim_matches(around)
}

/// What follows on a line that begins by saying that it is not solved.
fn not_solved(line: &str) -> Option<&str> {
    let line = bare(line);
    let plain = folded(line);
    let said = NOT_SOLVED.iter().find(|said| {
        let after = plain.strip_prefix(**said);
        after.is_some_and(|after| !after.starts_with(char::is_alphanumeric))
    })?;
    let words = said.split(' ').count();
    let after = line.splitn(words + 1, char::is_whitespace).nth(words);
    Some(
        after
            .unwrap_or_default()
            .trim_start_matches([':', ',', '.', '-', ' ']),
    )
}

/// The rating that a line is, and what stands behind it: thanks at most, since
/// `1. No abre` begins a list.
fn rating<'a>(line: &'a str, name: &str) -> Option<(u8, &'a str)> {
    let line = bare(line);
    let stars = line.chars().filter(|c| matches!(c, '★' | '⭐')).count();
    if stars > 0
        && line
            .chars()
            .all(|c| matches!(c, '★' | '⭐' | '☆' | '\u{FE0F}' | ' '))
    {
        return u8::try_from(stars)
            .ok()
            .filter(|n| (1..=5).contains(n))
            .map(|n| (n, ""));
    }
    let start = line.find(|c: char| c.is_ascii_digit())?;
    let before = folded(&line[..start]);
    let before = before.trim_matches([' ', ':', '-', '=', '*', '#']);
    if !before.is_empty() && !RATES.contains(&before) {
        return None;
    }
    let digit = line[start..].chars().next().and_then(|c| c.to_digit(10))?;
    let rating = u8::try_from(digit).ok().filter(|n| (1..=5).contains(n))?;
    let after = line[start + 1..].trim_start_matches(['\u{FE0F}', '\u{20E3}']);
    let plain = folded(after);
    let plain = plain.trim_matches([' ', '.', '!', '*', ':', ';', ',', ')']);
    if OF_FIVE.contains(&plain) {
        return Some((rating, ""));
    }
    let thanks = after.starts_with([' ', ',', '.', ';', '-', ':', '!']) && is_thanks(after, name);
    thanks.then(|| {
        (
            rating,
            after.trim_start_matches([' ', ',', '.', ';', '-', ':', '!']),
        )
    })
}

fn words(line: &str) -> impl Iterator<Item = &str> {
    line.split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty())
}

fn has(list: &str, word: &str) -> bool {
    list.split_ascii_whitespace().any(|known| known == word)
}

/// Whether a line only greets: no word of it says anything, and none is content.
pub(crate) fn is_greeting(line: &str) -> bool {
    const GREETS: [&str; 14] = [
        "hola",
        "buen",
        "buenas",
        "buenos",
        "cordial",
        "saludos",
        "estimado",
        "estimada",
        "estimados",
        "hi",
        "hello",
        "dear",
        "bom",
        "boa",
    ];
    let line = folded(line);
    let first = words(&line).next();
    first.is_some_and(|word| GREETS.contains(&word))
        && line.chars().count() <= SIGNATURE_CHARS
        && !line.contains(|c: char| c.is_ascii_digit() || c == '?')
        && words(&line).count() <= 6
        && !words(&line).any(|word| has(CONTENT, word))
}

/// Whether a text thanks and says nothing else, signed or not.
fn is_thanks(text: &str, name: &str) -> bool {
    let text = without_signature(text, name);
    let mut said = folded(&text);
    for drawn in DRAWN {
        said = said.replace(drawn, " 👍 ");
    }
    if said.contains(['?', '¿']) {
        return false;
    }
    // `Is it working now`: not everybody types the mark.
    let asks = ["is", "are", "was", "has", "does", "como"];
    if words(&said).next().is_some_and(|word| asks.contains(&word)) {
        return false;
    }
    let signs = said.chars().any(|c| SIGNS.contains(&c));
    let name = folded(name);
    let mut content = signs;
    for word in words(&said) {
        let known = has(CONTENT, word);
        content |= known;
        if !known && !has(AROUND, word) && !words(&name).any(|own| own == word) {
            return false;
        }
    }
    let rest = said.chars().filter(|c| !c.is_alphanumeric());
    let mut rest = rest.filter(|c| !c.is_whitespace() && !c.is_ascii_punctuation());
    content && rest.all(|c| SIGNS.contains(&c) || "¡…–—«»“”’´•·".contains(c) || is_tone(c))
}

/// What changes the sign before it: the tone of a hand, a joint.
fn is_tone(c: char) -> bool {
    matches!(
        c,
        '\u{1F3FB}'..='\u{1F3FF}' | '\u{200D}' | '\u{FE0F}' | '\u{2640}' | '\u{2642}'
    )
}

/// The text without the signature that follows the writer's own name, and without
/// what programs add. A line that asks or objects is no signature.
fn without_signature(text: &str, name: &str) -> String {
    let lines: Vec<&str> = text.lines().filter(|line| !is_added(line)).collect();
    let name = folded(name);
    let signs = |line: &&str| {
        let line = folded(line);
        let own = words(&line).filter(|word| words(&name).any(|own| own == *word));
        let count = words(&line).count();
        count > 0 && own.count() == count && !line.contains(['?', '¿'])
    };
    let is_signature = |line: &&str| {
        let plain = folded(line);
        line.chars().count() <= SIGNATURE_CHARS
            && !plain.contains(['?', '¿'])
            && !words(&plain).any(|word| {
                matches!(
                    word,
                    "no" | "not" | "nao" | "sin" | "pero" | "but" | "mas" | "falta"
                )
            })
            && !COMPLAINTS
                .iter()
                .any(|sign| format!("{plain} ").contains(sign))
    };
    let Some(at) = lines.iter().position(signs) else {
        return lines.join("\n");
    };
    let after = lines.get(at + 1..).unwrap_or_default();
    let short = after.iter().filter(|line| !line.trim().is_empty()).count() <= SIGNATURE_LINES;
    // Whoever signs in the middle goes on after it.
    if at == 0 || !short || !after.iter().all(is_signature) {
        return lines.join("\n");
    }
    lines.get(..at).unwrap_or_default().join("\n")
}

/// Lines that a program or an office adds to every mail.
fn is_added(line: &str) -> bool {
    const ADDED: [&str; 12] = [
        "enviado desde",
        "enviado con",
        "sent from",
        "enviado do",
        "obtener outlook",
        "get outlook",
        "aviso de confidencialidad",
        "aviso legal",
        "este mensaje y ",
        "este correo electronico y ",
        "antes de imprimir",
        "no imprima este",
    ];
    let line = folded(line);
    let line = line.trim_matches(|c: char| c.is_whitespace() || c == '*' || c == '_');
    ADDED.iter().any(|start| line.starts_with(start))
        || (line.contains("reacciono ") || line.contains("reacted ") || line.contains("reagiu "))
            && (line.contains("gmail")
                || line.contains("mensaje")
                || line.contains("message")
                || line.contains("mensagem"))
}

#[cfg(test)]
mod tests {
    use super::Word;

    const NAME: &str = "Carla Ruiz Peña";

    #[track_caller]
    fn check(text: &str, expected: &Word) {
        assert_eq!(Word::of(text, NAME), *expected, "{text:?}");
    }

    #[test]
    fn thanks() {
        for text in [
            "Muchas gracias!",
            "MUCHAS GRACIAS",
            "Gracias, quedó perfecto.",
            "Listo, ya funciona. Gracias, feliz tarde.",
            "Mil gracias por su pronta colaboración, feliz fin de semana",
            "Buenas tardes,\n\nMuchas gracias por la atención.\n\nCordialmente,",
            "Ok, recibido",
            "Perfecto, ya quedó 👍",
            "👍",
            "👍🏽🙏",
            "❤️",
            ":)",
            "+1",
            "Thanks a lot, it works now!",
            "Thank you very much for your help.\nBest regards",
            "Great, thanks 😊",
            "Muito obrigada pela ajuda!",
            "Funcionou, obrigado. Abraços",
            "👍\n\nCarla Ruiz reaccionó a través de Gmail",
            "Gracias Carla",
            "Gracias\n\nCarla Ruiz",
            "Gracias.\n\nCARLA RUIZ PENA\nProfesional Especializado\nGrupo Administrativo\nTel. 391 ext. 12",
            "Muchas gracias.\n\nEnviado desde mi iPhone",
        ] {
            check(text, &Word::Thanks);
        }
    }

    #[test]
    fn what_is_in_doubt_is_an_objection() {
        for text in [
            "Sigue igual, no abre.",
            "Gracias, pero sigue sin abrir.",
            "Gracias. ¿Y la impresora?",
            "Gracias, ¿ya funciona?",
            "Thanks, but it still fails",
            "Obrigado, mas ainda não funciona",
            "Gracias por nada, no sirve",
            "Listo el correo, falta la VPN",
            "Ya lo intenté",
            "Listo, se fue otra vez",
            "is it working now",
            "Gracias, quedo para mañana",
            "Hola",
            "Buenos días",
            "",
            "...",
            "😡",
            "👎",
            "No, gracias",
            "Gracias, quedo pendiente de la instalación",
            "Gracias\n\nCarla Ruiz\nEl portal no abre todavía",
            "Gracias\n\nCarla Ruiz\n¿Cuándo viene el técnico?",
            "Carla Ruiz\nya",
            "ya",
            "por favor",
            "Funciona mal",
            "Ya no funciona",
            "1. No abre\n2. No imprime",
            "2 equipos fallan",
            "5 minutos y volvió a fallar",
            "10",
            "6",
            "0",
            "Son las 5",
            "12345",
        ] {
            check(text, &Word::Objection);
        }
    }

    #[test]
    fn the_survey_by_its_first_line() {
        let answer = |solved, rating, comment: Option<&str>| Word::Survey {
            solved,
            rating,
            comment: comment.map(str::to_owned),
        };
        for (text, rating) in [
            ("5", 5),
            ("*4*", 4),
            ("3.", 3),
            ("5/5", 5),
            ("4 de 5", 4),
            ("Calificación: 2", 2),
            ("5\u{FE0F}\u{20E3}", 5),
            ("★★★★", 4),
            ("⭐⭐⭐⭐⭐", 5),
            ("1", 1),
            ("5 estrellas", 5),
            ("Buenos días:\n5", 5),
            ("Hola,\n\n4", 4),
            ("«5»", 5),
            ("  5  ", 5),
            ("Nota 3!", 3),
            ("4 out of 5", 4),
        ] {
            check(text, &answer(true, rating, None));
        }
        check("5, gracias", &answer(true, 5, Some("gracias")));
        check(
            "5\nMuy buen servicio.\nAna",
            &answer(true, 5, Some("Muy buen servicio.\nAna")),
        );
        check(
            "2\nTardaron mucho",
            &answer(true, 2, Some("Tardaron mucho")),
        );
        check(
            "1\nSigue sin abrir",
            &answer(false, 1, Some("Sigue sin abrir")),
        );
        check(
            "3\n\nTodavía no imprime",
            &answer(false, 3, Some("Todavía no imprime")),
        );
        for text in [
            "no resuelta",
            "No resuelta.",
            "*NO RESUELTA*",
            "#no resuelto",
            "No está resuelta",
            "Not solved!",
            "Não resolvida",
        ] {
            check(text, &answer(false, 1, None));
        }
        check(
            "No resuelta: el portal cae",
            &answer(false, 1, Some("el portal cae")),
        );
        check(
            "Buenas tardes\nNo resuelta\nNo abre",
            &answer(false, 1, Some("No abre")),
        );
    }
}
