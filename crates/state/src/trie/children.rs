//! Holds a branch's children without room for those that are not there.
//!
//! Most branches have two or three children: the lowest ones, of which there are the most. Room for sixteen would make
//! a kept trie several times as large.

use super::node::Node;

/// The children of a branch, at most one a nibble.
#[derive(Clone, Debug, Default)]
pub(super) struct Children {
    /// Bit n: there is a child at nibble n.
    mask: u16,
    /// In the order of their nibbles.
    nodes: Vec<Node>,
}

impl Children {
    pub(super) fn with_capacity(count: usize) -> Self {
        Self { mask: 0, nodes: Vec::with_capacity(count) }
    }

    pub(super) const fn len(&self) -> usize {
        self.nodes.len()
    }

    /// Returns the bytes of memory behind this value, without what lies below the children.
    pub(super) const fn heap_bytes(&self) -> usize {
        self.nodes.capacity() * size_of::<Node>()
    }

    /// Returns a bit for each nibble that has a child.
    pub(super) const fn mask(&self) -> u16 {
        self.mask
    }

    pub(super) fn get(&self, nibble: u8) -> Option<&Node> {
        self.has(nibble).then(|| &self.nodes[self.index(nibble)])
    }

    pub(super) fn get_mut(&mut self, nibble: u8) -> Option<&mut Node> {
        let index = self.index(nibble);
        self.has(nibble).then(|| &mut self.nodes[index])
    }

    /// Sets the child at a nibble that has none.
    pub(super) fn insert(&mut self, nibble: u8, node: Node) {
        debug_assert!(!self.has(nibble), "a nibble has one child");
        let index = self.index(nibble);
        self.nodes.reserve_exact(1);
        self.nodes.insert(index, node);
        self.mask |= 1 << nibble;
    }

    /// Takes the child at a nibble out.
    pub(super) fn remove(&mut self, nibble: u8) -> Option<Node> {
        let node = self.has(nibble).then(|| self.nodes.remove(self.index(nibble)));
        self.mask &= !(1 << nibble);
        node
    }

    /// Yields all children with their nibbles, in order.
    pub(super) fn iter_mut(&mut self) -> impl Iterator<Item = (u8, &mut Node)> {
        let mask = self.mask;
        (0..16).filter(move |nibble| mask >> nibble & 1 == 1).zip(&mut self.nodes)
    }

    /// Yields what is at each of the 16 nibbles.
    pub(super) fn into_slots(self) -> impl Iterator<Item = Option<Node>> {
        let mut nodes = self.nodes.into_iter();
        (0..16).map(move |nibble| if self.mask >> nibble & 1 == 1 { nodes.next() } else { None })
    }

    const fn has(&self, nibble: u8) -> bool {
        self.mask >> nibble & 1 == 1
    }

    /// Counts the children before a nibble.
    const fn index(&self, nibble: u8) -> usize {
        (self.mask & ((1 << nibble) - 1)).count_ones() as usize
    }
}

impl FromIterator<(u8, Node)> for Children {
    fn from_iter<I: IntoIterator<Item = (u8, Node)>>(children: I) -> Self {
        let mut all = Self::default();
        children.into_iter().for_each(|(nibble, node)| all.insert(nibble, node));
        all
    }
}
