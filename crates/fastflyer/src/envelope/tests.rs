//! The HTTP status of codes, and shapes that no handler of the integration tests makes.

use super::*;

#[test]
fn the_first_three_digits_are_the_status() {
    for (code, status) in [
        (200, 200), (200_101, 200), (201, 201), (404, 404), (404_001, 404), (500_102, 500), (504, 504),
        (100, 200), (199, 200), (600, 500), (606, 500), (999, 500), (1000, 200), (0, 500), (99, 500),
    ] {
        assert_eq!(http_status(code).as_u16(), status, "{code}");
    }
}

#[test]
fn codes_below_a_hundred_have_no_prefix() {
    assert_eq!(prefix(99), None);
    assert_eq!(prefix(100), Some(100));
    assert_eq!(prefix(4_040_001), Some(404));
    assert_eq!(prefix(u32::MAX), Some(429));
}

#[test]
fn only_protocol_errors_escape_the_status_option() {
    let flyer = Envelope {
        format: ResponseFormat::Flyer,
        error_status: ErrorStatus::Always200,
        ..Envelope::default()
    };
    assert_eq!(flyer.documented_status(422, Origin::Validation), 200);
    assert_eq!(flyer.documented_status(404, Origin::Handler), 200);
    assert_eq!(flyer.documented_status(500, Origin::Uncaught), 200);
    assert_eq!(flyer.documented_status(413, Origin::Framework), 413);
}
