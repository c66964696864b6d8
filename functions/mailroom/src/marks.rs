//! The marks that SES writes over a mail that it found something in.

/// What SES wrote over a stored mail that it found something in. It counts only
/// against a mail: whoever writes such a line himself harms nobody else.
pub fn is_marked(raw: &[u8], header: &str) -> bool {
    let lines = raw.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii_end);
    lines
        .take_while(|line| !line.is_empty())
        .filter_map(|line| std::str::from_utf8(line).ok()?.split_once(':'))
        .any(|(name, value)| name.eq_ignore_ascii_case(header) && value.trim() == "FAIL")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_scanner_wrote_counts_against_a_mail() {
        let raw = b"X-SES-Spam-Verdict: PASS\r\nx-ses-virus-verdict: FAIL\r\n\r\nX-SES-Spam-Verdict: FAIL\r\n";
        assert!(is_marked(raw, "X-SES-Virus-Verdict"));
        assert!(!is_marked(raw, "X-SES-Spam-Verdict"));
        assert!(!is_marked(b"", "X-SES-Spam-Verdict"));
    }
}
