//! The "Hello, World!" service.
