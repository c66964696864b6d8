//! HTML made readable, in one pass over its tags and without a tree: a library
//! tells tags from text, and what a mail's text is to look like is ours.

mod page;
mod source;

use crate::attachment::Embedded;
use page::Page;
use source::{Source, Token};

/// What is to be read in HTML, and the pictures that stand in it as text.
pub(crate) struct Readable {
    pub(crate) text: String,
    pub(crate) pictures: Vec<Embedded>,
}

/// Makes HTML readable. A little more than [`crate::limits::TEXT_BYTES`] at most
/// come out, so that whoever cuts the text knows that there was more.
pub(crate) fn read(html: &str) -> Readable {
    let mut hidden = Hidden::Dropped(0);
    let readable = render(html, &mut hidden);
    match hidden {
        // A mail that hides everything hides nothing.
        Hidden::Dropped(1..) if readable.text.is_empty() => render(html, &mut Hidden::Shown),
        Hidden::Dropped(_) | Hidden::Shown => readable,
    }
}

/// What becomes of elements that are not displayed.
enum Hidden {
    /// They are dropped and counted.
    Dropped(usize),
    Shown,
}

fn render(html: &str, hidden: &mut Hidden) -> Readable {
    let mut page = Page::default();
    let mut hiding: Option<(String, usize)> = None;
    for token in Source::new(html) {
        if page.is_full() {
            break;
        }
        match token {
            Token::Text(text) if hiding.is_none() => page.text(&text),
            Token::Text(_) => {}
            Token::Open(tag) => match (&mut hiding, &mut *hidden) {
                (Some((name, depth)), _) => *depth += usize::from(*name == tag.name),
                (None, Hidden::Dropped(count)) if tag.is_hidden() => {
                    *count += 1;
                    hiding = Some((tag.name, 1));
                }
                (None, Hidden::Dropped(_) | Hidden::Shown) => page.open(&tag),
            },
            Token::Close(name) => match &mut hiding {
                Some((hidden, depth)) if *hidden == name => {
                    *depth -= 1;
                    if *depth == 0 {
                        hiding = None;
                    }
                }
                Some(_) => {}
                None => page.close(&name),
            },
        }
    }
    page.end()
}

#[cfg(test)]
mod tests {
    use super::read;

    fn to_text(html: &str) -> String {
        read(html).text
    }

    #[track_caller]
    fn check(html: &str, expected: &str) {
        assert_eq!(to_text(html), expected, "{html}");
    }

    #[test]
    fn paragraphs_and_lines() {
        check("<p>Uno</p>\n<p>Dos<br>tres</p>", "Uno\n\nDos\ntres");
        check("<div>Uno</div><div><br></div><div>Dos</div>", "Uno\n\nDos");
        check("<div>Uno<div>Dos</div></div>Tres", "Uno\nDos\nTres");
        check("  a \n  b<b> c</b><i>d</i> ", "a b cd");
        check(
            "<p class=MsoNormal>Uno</p><p class=\"MsoNormal\">Dos</p><p class=MsoNormal><o:p>&nbsp;</o:p></p><p class=MsoNormal>Tres",
            "Uno\nDos\n\nTres",
        );
        check("<h1>T</h1>x<hr>y", "T\n\nx\n----------\ny");
        check("<pre>a\n  b\n\nc</pre>d", "a\n  b\n\nc\n\nd");
        check("a<br><br><br><br>b", "a\n\nb");
    }

    #[test]
    fn lists_tables_and_quotes() {
        check(
            "x<ul><li>a<li><p>b</p><ul><li>c</ul></ul>y",
            "x\n\n- a\n- b\n  - c\n\ny",
        );
        check("<ol><li>a</li><li></li><li>c</li></ol>", "1. a\n3. c");
        check(
            "<table><tr><th>Equipo</th><th>IP</th></tr><tr><td>PC 1</td><td><p>10.0.0.1</p></td></tr></table>",
            "Equipo | IP\nPC 1 | 10.0.0.1",
        );
        check(
            "a<blockquote>b<br>c<blockquote>d</blockquote></blockquote>e",
            "a\n\n> b\n> c\n>\n> > d\n\ne",
        );
    }

    #[test]
    fn links_and_images() {
        check(
            "<a href='https://x.co/a?b=1&amp;c=2'>aquí</a>.",
            "aquí (https://x.co/a?b=1&c=2).",
        );
        check("<a href=https://x.co/>x.co</a>", "x.co");
        check(
            "<a href=\"mailto:Ana@x.co?subject=y\">ana@x.co</a>",
            "ana@x.co",
        );
        check(
            "<a href=\"javascript:alert(1)\">clic</a> <a href=\"data:text/html,x\">dos</a>",
            "clic dos",
        );
        check(
            "<a href='https://x.co'><p>uno</p></a>dos",
            "uno (https://x.co)\ndos",
        );
        check("<img src=x alt=' Logo '><img src=y>", "[Logo]");
    }

    #[test]
    fn pasted_pictures_leave_a_mark() {
        check(
            "Sale:<br><img src='cid:a1'><br>¿Qué hago?",
            "Sale:\n[imagen]\n¿Qué hago?",
        );
        check("<img src=\"CID:image001.png@01DB\">", "[image001.png]");
        check("<img alt='Error' src='cid:image001.png@01DB'>", "[Error]");
        check("<img src='data:image/png;base64,iVBORw0='>", "[imagen]");
        check("<img src='https://x.co/pixel.gif' width=1>x", "x");
    }

    #[test]
    fn pictures_written_as_text_are_files() {
        for (src, kind, bytes) in [
            (
                "data:image/png;base64,iVBORw0=",
                "image/png",
                &b"\x89PNG\r"[..],
            ),
            (
                " data:image/gif;charset=x;base64,R0lG\n ODlh",
                "image/gif",
                b"GIF89a",
            ),
            ("DATA:image/svg+xml,%3Csvg/%3E", "image/svg+xml", b"<svg/>"),
        ] {
            let html = format!("<p>a</p><img alt='foto.png' src=\"{src}\"><p>b</p>");
            let readable = read(&html);
            assert_eq!(readable.text, "a\n[foto.png]\n\nb");
            let [picture] = &readable.pictures[..] else {
                panic!("{src}");
            };
            assert_eq!(
                (
                    picture.name.as_str(),
                    picture.content_type.as_str(),
                    &picture.bytes[..]
                ),
                ("foto.png", kind, bytes)
            );
        }
        for src in [
            "data:text/html;base64,PGI+",
            "data:image/png;base64,",
            "data:",
            "data:image/png",
        ] {
            assert!(read(&format!("x<img src='{src}'>")).pictures.is_empty());
        }
    }

    #[test]
    fn addresses_in_angle_brackets_are_no_tags() {
        check(
            "No abre <https://intranet.x.co/Nomina?a=\"b\"> desde ayer",
            "No abre <https://intranet.x.co/Nomina?a=\"b\"> desde ayer",
        );
        check(
            "Escriba a <Jefe.Nomina@x.co>.",
            "Escriba a <Jefe.Nomina@x.co>.",
        );
        check(
            "<p>TECH <tech@x.co> ha escrito: <b>ya</b>",
            "TECH <tech@x.co> ha escrito: ya",
        );
        check(
            "en <ftp://x.co/a> y <mailto:a@x.co>",
            "en <ftp://x.co/a> y <mailto:a@x.co>",
        );
        check("<o:p>x</o:p><v:shape a='b@c'>y", "xy");
    }

    #[test]
    fn what_is_not_text() {
        check(
            "<script>if (a<b) alert('</div>')</script>x<style>p{}</style>",
            "x",
        );
        check("<!-- <p>no</p> -->x<!-->y<![if !mso]>z<![endif]>", "xyz");
        check("<!--[if mso]><p>no</p><![endif]-->x", "x");
        check(
            "<!doctype html><html><head><title>T</title></head><body>x",
            "x",
        );
        check("<div style='display: none'>no<div>no</div>no</div>x", "x");
        check(
            "<span hidden>no</span>x<p style=\"mso-hide:all\">no</p>",
            "x",
        );
        check("<div style='display:none'>solo esto", "solo esto");
        check("x<script>sin fin", "x");
        check("<style>p{}<p>x", "x");
        check("<title>T<p>x", "T\n\nx");
    }

    #[test]
    fn entities() {
        check(
            "se&ntilde;or &#241; &#xF1; &#150; &amp;lt; &nbsp;x",
            "señor ñ ñ – &lt; x",
        );
        check(
            "a &lt; b &gt c & d &nada; &#; &#x110000; &",
            "a < b > c & d &nada; &#; \u{fffd} &",
        );
        check("&lt;script&gt;", "<script>");
        check("a\u{200b}b&shy;c", "abc");
        check("&#0;a&#7;", "\u{fffd}a");
    }

    #[test]
    fn damaged() {
        check("a < b y c > d", "a < b y c > d");
        check("<a href=\"sin fin>x</a><p>y", "x\n\ny");
        check("<p title=\"a>b\">x", "x");
        check("x<", "x<");
        check("x<p", "x");
        check("</>x</", "x");
        check("<p>x</div></p></p>y", "x\ny");
        check("<!-- sin fin> x", "x");
        check("<p>a<!-- b><p>c<!-- d><p>e", "a\n\nc\n\ne");
        check("<p>a</p b=\"><p>c", "a\n\nc");
        check("<p>a</p", "a");
    }

    /// Each of these would take hours if something were looked for again and again.
    #[test]
    fn time_in_proportion() {
        for piece in [
            "<",
            "<a ",
            "<a b=\"",
            "<!--",
            "<script",
            "<title>",
            "<style>",
            "<blockquote>x",
            "&",
            "&#",
            "<ul><li>",
            "</",
            "<div style=display:none>",
            "<p",
            "<a href=x>y",
            "<a b='>",
            "<td>",
            "<div>",
            "<!-- x>",
        ] {
            to_text(&piece.repeat(200_000));
        }
    }
}
