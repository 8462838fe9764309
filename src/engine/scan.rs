//! The line scanner: splits the bytes into lines and finds the opaque regions. One pass, linear, no recursion.
