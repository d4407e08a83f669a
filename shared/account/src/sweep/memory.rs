//! How much memory the process had at most.

/// The peak of the resident set in KiB, as Linux counts it; none where it does not tell
/// (<https://man7.org/linux/man-pages/man5/proc_pid_status.5.html>, `VmHWM`).
pub(crate) fn peak_rss_kib() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().strip_suffix("kB")?.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    #[test]
    fn linux_tells_it() {
        assert!(super::peak_rss_kib().is_some_and(|kib| kib > 1_000));
    }
}
