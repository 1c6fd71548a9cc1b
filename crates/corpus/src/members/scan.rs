//! Finds where a JSON value ends, byte by byte.

/// What a scanner says about a byte.
pub(super) enum Step {
    /// It belongs to the value, which goes on.
    More,
    /// It is the last byte of the value.
    Last,
    /// It is the first byte after the value.
    Past,
}

/// Scans white space.
pub(super) fn space() -> impl FnMut(u8) -> Step {
    |byte| if matches!(byte, b' ' | b'\t' | b'\r' | b'\n') { Step::More } else { Step::Past }
}

/// Scans a number, a boolean or null.
pub(super) fn scalar() -> impl FnMut(u8) -> Step {
    |byte| {
        if matches!(byte, b',' | b'}' | b']' | b' ' | b'\t' | b'\r' | b'\n') {
            Step::Past
        } else {
            Step::More
        }
    }
}

/// Scans a string after its opening quote, to its closing one.
pub(super) fn quoted() -> impl FnMut(u8) -> Step {
    let mut escaped = false;
    move |byte| match byte {
        _ if escaped => {
            escaped = false;
            Step::More
        }
        b'\\' => {
            escaped = true;
            Step::More
        }
        b'"' => Step::Last,
        _ => Step::More,
    }
}

/// Scans an object or array; one kind of bracket counts like the other.
pub(super) fn nested() -> impl FnMut(u8) -> Step {
    let mut depth = 0_usize;
    let mut string = quoted();
    let mut in_string = false;
    move |byte| {
        if in_string {
            in_string = !matches!(string(byte), Step::Last);
            return Step::More;
        }
        match byte {
            b'"' => in_string = true,
            b'{' | b'[' => depth += 1,
            b'}' | b']' => depth -= 1,
            _ => {}
        }
        if depth == 0 { Step::Last } else { Step::More }
    }
}
