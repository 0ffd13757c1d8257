//! The parser's position in the sections of a file.

use super::super::tree::{NodeId, Place, Span, Tree};
use super::super::{Profile, ProfileErrorKind};

/// The state for one file.
pub(super) struct FileState {
    root: NodeId,
    /// The section of the next line.
    pub(super) current: NodeId,
    pub(super) mode: Mode,
    /// 0 outside of any section, 1 in a section, 2 in its subsections, and so on.
    level: usize,
    /// The level of a section whose contents are ignored because it was already final; otherwise 0.
    discard: usize,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Mode {
    BeforeFirstSection,
    Lines,
    ExpectBrace,
}

impl FileState {
    /// The state at the beginning of a file, whose sections are added below `root`.
    pub(super) fn new(root: NodeId) -> Self {
        Self {
            root,
            current: root,
            mode: Mode::BeforeFirstSection,
            level: 0,
            discard: 0,
        }
    }

    /// Whether to ignore the lines of the current section.
    pub(super) fn is_discarding(&self) -> bool {
        self.discard != 0
    }

    /// Enters the section `name`, whose header is at `place`.
    pub(super) fn section(
        &mut self,
        profile: &mut Profile,
        place: Place,
        name: Span,
        is_final: bool,
    ) -> Result<(), ProfileErrorKind> {
        if self.level > 1 {
            return Err(ProfileErrorKind::SectionNotTop);
        }
        self.level = 1;
        self.current = self.root;
        self.discard = usize::from(self.enter(profile, place, name, is_final));
        Ok(())
    }

    /// Enters the subsection `name` of the current section, which opens at `place`.
    pub(super) fn open(&mut self, profile: &mut Profile, place: Place, name: Span, is_final: bool) {
        self.level += 1;
        if !self.is_discarding() && self.enter(profile, place, name, is_final) {
            self.discard = self.level;
        }
    }

    /// Returns to the section around the current one.
    pub(super) fn close(
        &mut self,
        tree: &mut Tree,
        is_final: bool,
    ) -> Result<(), ProfileErrorKind> {
        if self.level < 2 {
            return Err(ProfileErrorKind::ExtraBrace);
        }
        if is_final {
            tree.mark_final(self.current);
        }
        self.level -= 1;
        if self.level < self.discard {
            self.discard = 0;
        }
        // A discarded subsection was never entered.
        if !self.is_discarding() {
            self.current = tree.parent(self.current);
        }
        Ok(())
    }

    /// Enters the section `name` within the current one. Returns whether it was already final.
    fn enter(&mut self, profile: &mut Profile, place: Place, name: Span, is_final: bool) -> bool {
        let Profile { text, tree, .. } = profile;
        self.current = tree.add_section(self.current, name, place, text);
        let was_final = tree.node(self.current).is_final;
        if is_final {
            tree.mark_final(self.current);
        }
        was_final
    }
}
