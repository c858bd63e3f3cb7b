//! Drives the delivery end to end.
