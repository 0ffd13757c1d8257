//! Finds out which real servers are installed, so that tests without their server are visibly
//! ignored.

fn main() {
    test_support::parts::print_cfgs();
}
