//! What is said about replies that are to be put back.

use crate::bot::markdown::{code, inline};

/// Every reply is where and as it was signed.
pub fn nothing_to_restore(path: &str) -> String {
    format!(
        "Every reply of the panel stands in {} as it was signed, so there is nothing to put back.",
        code(path)
    )
}

/// Something in the file has to be mended first.
pub fn restore_waits(path: &str, why: &str) -> String {
    format!(
        "Nothing was put back into {} yet: {}. Mend that, then post {} again.",
        code(path),
        inline(why),
        code("/discuss restore")
    )
}

/// Replies go into reviews here: nothing is written to the branch.
pub fn cannot_restore(path: &str) -> String {
    format!(
        "The App does not commit to this branch, so it cannot put anything back into {}. Take the changed replies back \
         yourself: {} shows the text as it was. Or begin anew: {}",
        code(path),
        code("git log -p"),
        code("/discuss reset: reason")
    )
}
