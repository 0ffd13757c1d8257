//! `Tree`: the nodes of a profile in a single vector, with an index by section and name.
//!
//! Names and values are spans of the profile's text, so a node needs no allocation. With the index,
//! look-ups and merging sections do not depend on the number of siblings, so a file of a hundred
//! thousand lines does not take quadratic time.

use std::hash::{BuildHasher as _, Hasher as _, RandomState};

/// A node of the tree.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct NodeId(u32);

/// All nodes with the same section and name.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct EntryId(u32);

/// A part of the profile's text, in bytes.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(super) struct Span {
    pub(super) start: u32,
    pub(super) end: u32,
}

/// A section or a relation.
#[derive(Clone, Debug)]
pub(super) struct Node {
    /// The value of a relation; `None` for a section.
    pub(super) value: Option<Span>,
    pub(super) is_final: bool,
    pub(super) file: u16,
    pub(super) line: u32,
    entry: EntryId,
    parent: NodeId,
    first_child: Option<NodeId>,
    last_child: Option<NodeId>,
    next_sibling: Option<NodeId>,
    next_same_name: Option<NodeId>,
}

#[derive(Clone, Debug)]
struct Entry {
    parent: NodeId,
    name: Span,
    first: NodeId,
    last: NodeId,
    /// The section with this name. There is at most one, because sections are merged.
    section: Option<NodeId>,
    /// Whether a node with this name is marked final.
    has_final: bool,
}

#[derive(Clone, Debug, Default)]
pub(super) struct Tree {
    nodes: Vec<Node>,
    entries: Vec<Entry>,
    /// Open addressing by hash of (section, name); the length is a power of two.
    slots: Vec<Option<EntryId>>,
    hasher: RandomState,
}

/// The position of a node in its source.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Place {
    pub(super) file: u16,
    pub(super) line: u32,
}

impl Tree {
    /// A new root. Its name is never used.
    pub(super) fn add_root(&mut self) -> NodeId {
        let id = node_id(self.nodes.len());
        self.nodes.push(Node {
            value: None,
            is_final: false,
            file: 0,
            line: 0,
            entry: EntryId(u32::MAX),
            parent: id,
            first_child: None,
            last_child: None,
            next_sibling: None,
            next_same_name: None,
        });
        id
    }

    /// The subsection `name` of `section`, which is created unless it exists.
    pub(super) fn add_section(
        &mut self,
        section: NodeId,
        name: Span,
        place: Place,
        text: &str,
    ) -> NodeId {
        let known = self.find(section, name.of(text), text);
        known
            .and_then(|entry| self.section_of(entry))
            .unwrap_or_else(|| self.insert(section, known, name, None, place, text))
    }

    /// Adds a relation, unless one with this name is already final.
    pub(super) fn add_relation(
        &mut self,
        section: NodeId,
        name: Span,
        value: Span,
        place: Place,
        text: &str,
    ) -> Option<NodeId> {
        let known = self.find(section, name.of(text), text);
        if known
            .and_then(|entry| self.entries.get(entry.index()))
            .is_some_and(|e| e.has_final)
        {
            return None;
        }
        Some(self.insert(section, known, name, Some(value), place, text))
    }

    pub(super) fn mark_final(&mut self, id: NodeId) {
        let Some(node) = self.nodes.get_mut(id.index()) else {
            return;
        };
        node.is_final = true;
        if let Some(entry) = self.entries.get_mut(node.entry.index()) {
            entry.has_final = true;
        }
    }

    pub(super) fn len(&self) -> usize {
        self.nodes.len()
    }

    pub(super) fn node(&self, id: NodeId) -> &Node {
        #[expect(
            clippy::indexing_slicing,
            reason = "ids come from `nodes.len()`, and nodes are never removed"
        )]
        &self.nodes[id.index()]
    }

    pub(super) fn parent(&self, id: NodeId) -> NodeId {
        self.node(id).parent
    }

    pub(super) fn name<'t>(&self, id: NodeId, text: &'t str) -> &'t str {
        self.entries
            .get(self.node(id).entry.index())
            .map_or("", |entry| entry.name.of(text))
    }

    /// The nodes with the name `name` in `section`.
    pub(super) fn find(&self, section: NodeId, name: &str, text: &str) -> Option<EntryId> {
        let mask = self.slots.len().checked_sub(1)?;
        let mut slot = self.hash(section, name) & mask;
        while let Some(id) = self.slots.get(slot).copied().flatten() {
            let entry = self.entries.get(id.index())?;
            if entry.parent == section && entry.name.of(text) == name {
                return Some(id);
            }
            slot = (slot + 1) & mask;
        }
        None
    }

    pub(super) fn section_of(&self, entry: EntryId) -> Option<NodeId> {
        self.entries.get(entry.index())?.section
    }

    /// The nodes of an entry, in the order of their lines.
    pub(super) fn named(&self, entry: EntryId) -> impl Iterator<Item = NodeId> + Clone + '_ {
        let first = self.entries.get(entry.index()).map(|entry| entry.first);
        std::iter::successors(first, |&id| self.node(id).next_same_name)
    }

    /// The nodes in `section`, in the order of their lines.
    pub(super) fn children(&self, section: NodeId) -> impl Iterator<Item = NodeId> + '_ {
        std::iter::successors(self.node(section).first_child, |&id| {
            self.node(id).next_sibling
        })
    }

    fn insert(
        &mut self,
        parent: NodeId,
        known: Option<EntryId>,
        name: Span,
        value: Option<Span>,
        place: Place,
        text: &str,
    ) -> NodeId {
        let id = node_id(self.nodes.len());
        let entry = known.unwrap_or_else(|| self.insert_entry(parent, name, id, text));
        self.nodes.push(Node {
            value,
            is_final: false,
            file: place.file,
            line: place.line,
            entry,
            parent,
            first_child: None,
            last_child: None,
            next_sibling: None,
            next_same_name: None,
        });
        if let Some(entry) = self.entries.get_mut(entry.index()) {
            let last = std::mem::replace(&mut entry.last, id);
            if value.is_none() {
                entry.section = Some(id);
            }
            if let Some(last) = self.nodes.get_mut(last.index()).filter(|_| last != id) {
                last.next_same_name = Some(id);
            }
        }
        if let Some(section) = self.nodes.get_mut(parent.index()) {
            let last = section.last_child.replace(id);
            section.first_child.get_or_insert(id);
            if let Some(last) = last.and_then(|last| self.nodes.get_mut(last.index())) {
                last.next_sibling = Some(id);
            }
        }
        id
    }

    fn insert_entry(&mut self, parent: NodeId, name: Span, node: NodeId, text: &str) -> EntryId {
        // At most half full, so that probes stay short.
        if (self.entries.len() + 1) * 2 > self.slots.len() {
            self.grow(text);
        }
        let id = EntryId(u32::try_from(self.entries.len()).unwrap_or(u32::MAX));
        self.entries.push(Entry {
            parent,
            name,
            first: node,
            last: node,
            section: None,
            has_final: false,
        });
        let hash = self.hash(parent, name.of(text));
        self.occupy(hash, id);
        id
    }

    fn grow(&mut self, text: &str) {
        self.slots = vec![None; (self.slots.len() * 2).max(128)];
        for index in 0..self.entries.len() {
            let Some(entry) = self.entries.get(index) else {
                continue;
            };
            let hash = self.hash(entry.parent, entry.name.of(text));
            self.occupy(hash, EntryId(u32::try_from(index).unwrap_or(u32::MAX)));
        }
    }

    fn occupy(&mut self, hash: usize, id: EntryId) {
        let mask = self.slots.len().wrapping_sub(1);
        let mut slot = hash & mask;
        while let Some(place) = self.slots.get_mut(slot) {
            if place.is_none() {
                *place = Some(id);
                return;
            }
            slot = (slot + 1) & mask;
        }
    }

    /// Keyed, so that nobody can craft a file whose names all collide.
    fn hash(&self, section: NodeId, name: &str) -> usize {
        let mut hasher = self.hasher.build_hasher();
        hasher.write_u32(section.0);
        hasher.write(name.as_bytes());
        // Only the low bits are used.
        usize::try_from(hasher.finish() & u64::from(u32::MAX)).unwrap_or(0)
    }
}

impl Span {
    /// The text of the span.
    pub(super) fn of(self, text: &str) -> &str {
        let (Ok(start), Ok(end)) = (usize::try_from(self.start), usize::try_from(self.end)) else {
            return "";
        };
        text.get(start..end).unwrap_or("")
    }

    /// The position of `part`, which must be a slice of `whole`.
    pub(super) fn within(whole: &str, part: &str) -> Self {
        let start = part.as_ptr().addr().wrapping_sub(whole.as_ptr().addr());
        let start = u32::try_from(start).unwrap_or(u32::MAX);
        let len = u32::try_from(part.len()).unwrap_or(u32::MAX);
        Self {
            start,
            end: start.saturating_add(len),
        }
    }
}

impl NodeId {
    fn index(self) -> usize {
        usize::try_from(self.0).unwrap_or(usize::MAX)
    }
}

impl EntryId {
    fn index(self) -> usize {
        usize::try_from(self.0).unwrap_or(usize::MAX)
    }
}

/// Nodes are capped far below `u32::MAX` by [`MAX_NODES`](super::MAX_NODES).
fn node_id(index: usize) -> NodeId {
    NodeId(u32::try_from(index).unwrap_or(u32::MAX))
}
