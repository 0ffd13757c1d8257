//! Finds out which real servers are here, so that a test without its server is visibly ignored.

fn main() {
    test_support::parts::print_cfgs();
}
