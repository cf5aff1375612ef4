pub(super) const VARIABLE: &str = "FASTFLYER_UPGRADE";
