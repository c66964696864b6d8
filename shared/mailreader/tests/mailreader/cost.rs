//! What a large mail costs.

use std::fmt::Write as _;
use std::process::Command;

/// A mail of 38 MB with one attachment, as a client sends it.
fn large() -> Vec<u8> {
    const BYTES: usize = 38 * 1024 * 1024;
    let mut raw = String::with_capacity(BYTES + 100);
    raw.push_str("From: ana@uspec.gov.co\r\nSubject: Video\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nVa el video.\r\n--b\r\nContent-Type: video/mp4; name=v.mp4\r\nContent-Transfer-Encoding: base64\r\n\r\n");
    while raw.len() < BYTES {
        writeln!(raw, "{}\r", "QUJD".repeat(19)).unwrap();
    }
    raw.push_str("--b--\r\n");
    raw.into_bytes()
}

/// The most memory that this process ever held, in bytes.
#[cfg(target_os = "linux")]
fn peak() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status
        .lines()
        .find(|line| line.starts_with("VmHWM:"))
        .unwrap();
    let kilobytes: usize = line.split_whitespace().nth(1).unwrap().parse().unwrap();
    kilobytes * 1024
}

/// Runs in a process of its own, since the peak is the process's.
#[cfg(target_os = "linux")]
#[test]
#[ignore = "run by `memory_of_a_large_mail`, alone"]
fn measured_alone() {
    let raw = large();
    let before = peak();
    let reading = mailreader::read(&raw, None).unwrap();
    let to_read = peak() - before;
    assert_eq!(reading.text, "Va el video.");
    let bytes = reading.attachments[0].bytes();
    let to_decode = peak() - before;
    println!(
        "{} bytes of mail: {to_read} more to read it, {to_decode} more to decode its attachment of {} bytes",
        raw.len(),
        bytes.len()
    );
    // Reading holds no copy of an attachment; decoding holds one, of three quarters.
    assert!(to_read < 4 * 1024 * 1024, "{to_read}");
    assert!(to_decode < raw.len(), "{to_decode}");
}

#[cfg(target_os = "linux")]
#[test]
fn memory_of_a_large_mail() {
    let run = Command::new(std::env::current_exe().unwrap())
        .args([
            "--exact",
            "cost::measured_alone",
            "--ignored",
            "--nocapture",
        ])
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&run.stdout);
    assert!(
        run.status.success(),
        "{said}{}",
        String::from_utf8_lossy(&run.stderr)
    );
    assert!(said.contains("1 passed"), "{said}");
}
