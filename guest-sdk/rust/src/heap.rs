//! The allocator: small, and quick to set back.
//!
//! A block of up to 1 KiB belongs to one of twelve sizes and goes to the free
//! list of that size, for good. A larger one is cut from the first hole that
//! it fits into, and merges with its neighbours when it is freed. A large
//! block grows in place where a hole, or the end of memory, follows it.

use core::alloc::Layout;
use core::ptr::null_mut;

/// All blocks are a multiple of this long and lie at a multiple of it.
const UNIT: usize = 16;
const LARGEST_SMALL: usize = 1024;
const SIZES: usize = 12;

/// Where memory comes from.
pub(crate) trait Source {
    /// The first region that is free, as address and length.
    fn first(&mut self) -> (usize, usize);
    /// The address after the last byte of memory.
    fn end(&self) -> usize;
    /// Adds at least `bytes` at the end, which is a multiple of [`UNIT`], and
    /// tells how many; `None` if there is no more.
    fn grow(&mut self, bytes: usize) -> Option<usize>;
}

/// The header of a hole, or of a small block that is free.
struct Hole {
    size: usize,
    next: *mut Hole,
}

pub(crate) struct Heap<S> {
    source: S,
    started: bool,
    holes: *mut Hole, // by address
    small: [*mut Hole; SIZES],
}

/// Gives the index and the size of the smallest block of at least n bytes.
/// n is from 1 to [`LARGEST_SMALL`].
fn size_of_small(n: usize) -> (usize, usize) {
    if n <= 64 {
        let i = (n - 1) / UNIT;
        return (i, (i + 1) * UNIT);
    }
    // Two sizes for each power of two: 96, 128, 192, 256, …
    let power = (usize::BITS - 1 - (n - 1).leading_zeros()) as usize;
    let upper = (n - 1) >> (power - 1) & 1;
    (4 + (power - 6) * 2 + upper, (3 + upper) << (power - 1))
}

fn round(n: usize) -> Option<usize> {
    Some(n.checked_add(UNIT - 1)? & !(UNIT - 1))
}

fn is_small(layout: Layout) -> bool {
    layout.size() <= LARGEST_SMALL && layout.align() <= UNIT
}

impl<S: Source> Heap<S> {
    pub(crate) const fn new(source: S) -> Self {
        Heap { source, started: false, holes: null_mut(), small: [null_mut(); SIZES] }
    }

    /// Gives a block, or null if there is no memory left.
    ///
    /// # Safety
    /// As `GlobalAlloc::alloc`.
    pub(crate) unsafe fn alloc(&mut self, layout: Layout) -> *mut u8 {
        if is_small(layout) {
            let (i, size) = size_of_small(layout.size().max(1));
            let first = self.small_holes(i);
            let block = *first;
            if block.is_null() {
                return self.take(size);
            }
            *first = (*block).next;
            return block.cast();
        }
        let size = match round(layout.size()) {
            Some(size) => size,
            None => return null_mut(),
        };
        if layout.align() <= UNIT {
            return self.take(size);
        }
        let whole = match size.checked_add(layout.align()) {
            Some(whole) => whole,
            None => return null_mut(),
        };
        let block = self.take(whole);
        if block.is_null() {
            return block;
        }
        let before = (block as usize).wrapping_neg() & (layout.align() - 1);
        self.give(block as usize, before);
        self.give(block as usize + before + size, whole - before - size);
        block.add(before)
    }

    /// Takes a block back.
    ///
    /// # Safety
    /// As `GlobalAlloc::dealloc`.
    pub(crate) unsafe fn dealloc(&mut self, block: *mut u8, layout: Layout) {
        if is_small(layout) {
            let (i, size) = size_of_small(layout.size().max(1));
            let first = self.small_holes(i);
            let hole = block.cast::<Hole>();
            *hole = Hole { size, next: *first };
            *first = hole;
        } else if let Some(size) = round(layout.size()) {
            self.give(block as usize, size);
        }
    }

    /// Gives a block of another size with the same content, or null if there
    /// is no memory left: then the old one stays.
    ///
    /// # Safety
    /// As `GlobalAlloc::realloc`.
    pub(crate) unsafe fn realloc(&mut self, block: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        let new = Layout::from_size_align_unchecked(size, layout.align());
        if is_small(layout) && is_small(new) {
            if size_of_small(layout.size().max(1)).0 == size_of_small(size.max(1)).0 {
                return block;
            }
        } else if !is_small(layout) && !is_small(new) {
            if let (Some(old), Some(wanted)) = (round(layout.size()), round(size)) {
                if wanted <= old {
                    self.give(block as usize + wanted, old - wanted);
                    return block;
                }
                if self.extend(block as usize + old, wanted - old) {
                    return block;
                }
            }
        }
        let moved = self.alloc(new);
        if !moved.is_null() {
            core::ptr::copy_nonoverlapping(block, moved, layout.size().min(size));
            self.dealloc(block, layout);
        }
        moved
    }

    unsafe fn small_holes(&mut self, i: usize) -> &mut *mut Hole {
        debug_assert!(i < SIZES);
        // size_of_small gives no other index.
        self.small.get_unchecked_mut(i)
    }

    unsafe fn start(&mut self) {
        if !self.started {
            self.started = true;
            let (first, size) = self.source.first();
            self.give(first, size & !(UNIT - 1));
        }
    }

    /// Adds a hole of at least n bytes at the end of memory.
    unsafe fn grow(&mut self, n: usize) -> bool {
        let end = self.source.end();
        match self.source.grow(n) {
            Some(size) => {
                self.give(end, size);
                true
            }
            None => false,
        }
    }

    unsafe fn take(&mut self, n: usize) -> *mut u8 {
        self.start();
        loop {
            let mut link: *mut *mut Hole = &mut self.holes;
            let mut last = 0; // bytes free at the end of memory
            while !(*link).is_null() {
                let hole = *link;
                if (*hole).size >= n {
                    self.cut(link, n);
                    return hole.cast();
                }
                if hole as usize + (*hole).size == self.source.end() {
                    last = (*hole).size;
                }
                link = &mut (*hole).next;
            }
            if !self.grow(n - last) {
                return null_mut();
            }
        }
    }

    /// Takes the first n bytes from the hole that link leads to.
    unsafe fn cut(&mut self, link: *mut *mut Hole, n: usize) {
        let hole = *link;
        let Hole { size, next } = *hole;
        *link = if size == n {
            next
        } else {
            let rest = (hole as usize + n) as *mut Hole;
            *rest = Hole { size: size - n, next };
            rest
        };
    }

    /// Takes n bytes at an address, if they are free or can be got.
    unsafe fn extend(&mut self, at: usize, n: usize) -> bool {
        loop {
            let mut link: *mut *mut Hole = &mut self.holes;
            while !(*link).is_null() && (*link as usize) < at {
                link = &mut (**link).next;
            }
            let hole = *link;
            let here = if hole as usize == at && !hole.is_null() { (*hole).size } else { 0 };
            if here >= n {
                self.cut(link, n);
                return true;
            }
            if at + here != self.source.end() || !self.grow(n - here) {
                return false;
            }
        }
    }

    /// Makes a hole.
    unsafe fn give(&mut self, at: usize, size: usize) {
        if size == 0 {
            return;
        }
        let mut before: *mut Hole = null_mut();
        let mut after = self.holes;
        while !after.is_null() && (after as usize) < at {
            before = after;
            after = (*after).next;
        }
        let hole = at as *mut Hole;
        *hole = Hole { size, next: after };
        if !after.is_null() && at + size == after as usize {
            *hole = Hole { size: size + (*after).size, next: (*after).next };
        }
        if before.is_null() {
            self.holes = hole;
        } else if before as usize + (*before).size == at {
            (*before).size += (*hole).size;
            (*before).next = (*hole).next;
        } else {
            (*before).next = hole;
        }
    }
}

#[cfg(all(target_arch = "wasm32", feature = "allocator"))]
mod global {
    use super::{Heap, Source};
    use core::alloc::{GlobalAlloc, Layout};
    use core::arch::wasm32::{memory_grow, memory_size};
    use core::cell::UnsafeCell;
    use core::ptr::NonNull;

    const PAGE: usize = 65_536;

    extern "C" {
        /// Where the linker's own data ends.
        static __heap_base: u8;
    }

    struct Memory;

    impl Source for Memory {
        fn first(&mut self) -> (usize, usize) {
            // Rust 1.63 takes it for a read.
            #[allow(unused_unsafe)]
            let base = unsafe { core::ptr::addr_of!(__heap_base) as usize };
            let base = (base + super::UNIT - 1) & !(super::UNIT - 1);
            (base, self.end() - base)
        }

        fn end(&self) -> usize {
            memory_size(0) * PAGE
        }

        fn grow(&mut self, bytes: usize) -> Option<usize> {
            let pages = (bytes - 1) / PAGE + 1;
            if memory_grow(0, pages) == usize::MAX {
                return None;
            }
            Some(pages * PAGE)
        }
    }

    struct Global(UnsafeCell<Heap<Memory>>);

    // The module has one thread.
    #[cfg(not(target_feature = "atomics"))]
    unsafe impl Sync for Global {}

    #[global_allocator]
    static GLOBAL: Global = Global(UnsafeCell::new(Heap::new(Memory)));

    /// What is never null is not tested again, and what would handle a null
    /// is left out of the module: a kilobyte.
    fn given(block: *mut u8) -> NonNull<u8> {
        match NonNull::new(block) {
            Some(block) => block,
            None => crate::panic::abort(&["out of memory"]),
        }
    }

    #[inline(never)]
    unsafe fn alloc(layout: Layout) -> NonNull<u8> {
        given((*GLOBAL.0.get()).alloc(layout))
    }

    #[inline(never)]
    unsafe fn realloc(block: *mut u8, layout: Layout, size: usize) -> NonNull<u8> {
        given((*GLOBAL.0.get()).realloc(block, layout, size))
    }

    unsafe impl GlobalAlloc for Global {
        unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
            alloc(layout).as_ptr()
        }

        unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
            (*self.0.get()).dealloc(block, layout)
        }

        unsafe fn realloc(&self, block: *mut u8, layout: Layout, size: usize) -> *mut u8 {
            realloc(block, layout, size).as_ptr()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;
    use std::vec::Vec;

    const PAGE: usize = 65_536;

    /// Memory that lies in one piece and grows up to its capacity.
    struct Arena {
        bytes: Vec<u128>,
        pages: usize,
    }

    impl Arena {
        fn new(capacity_pages: usize) -> Arena {
            Arena { bytes: std::vec![0; capacity_pages * PAGE / 16], pages: 1 }
        }

        fn base(&self) -> usize {
            self.bytes.as_ptr() as usize
        }
    }

    impl Source for Arena {
        fn first(&mut self) -> (usize, usize) {
            (self.base() + 48, PAGE - 48)
        }

        fn end(&self) -> usize {
            self.base() + self.pages * PAGE
        }

        fn grow(&mut self, bytes: usize) -> Option<usize> {
            let pages = (bytes - 1) / PAGE + 1;
            if (self.pages + pages) * PAGE > self.bytes.len() * 16 {
                return None;
            }
            self.pages += pages;
            Some(pages * PAGE)
        }
    }

    fn layout(size: usize, align: usize) -> Layout {
        Layout::from_size_align(size, align).unwrap()
    }

    fn free_bytes(heap: &Heap<Arena>) -> (usize, usize) {
        let (mut holes, mut bytes) = (0, 0);
        let mut hole = heap.holes;
        unsafe {
            while !hole.is_null() {
                holes += 1;
                bytes += (*hole).size;
                hole = (*hole).next;
            }
        }
        (holes, bytes)
    }

    #[test]
    fn small_sizes_are_the_least_that_fit() {
        let mut sizes = Vec::new();
        for n in 1..=LARGEST_SMALL {
            let (i, size) = size_of_small(n);
            assert!(size >= n && size % UNIT == 0, "{} in {}", n, size);
            if i == sizes.len() {
                sizes.push(size);
            }
            assert_eq!(sizes[i], size);
            assert!(i == 0 || sizes[i - 1] < n, "{} would fit {}", n, sizes[i - 1]);
        }
        assert_eq!(sizes, [16, 32, 48, 64, 96, 128, 192, 256, 384, 512, 768, 1024]);
    }

    #[test]
    fn large_blocks_merge_when_they_are_freed() {
        let mut heap = Heap::new(Arena::new(8));
        unsafe {
            let blocks: Vec<_> = (0..5).map(|_| heap.alloc(layout(5000, 8))).collect();
            for i in [1, 3, 0, 4, 2] {
                heap.dealloc(blocks[i], layout(5000, 8));
            }
        }
        assert_eq!(free_bytes(&heap), (1, PAGE - 48));
    }

    #[test]
    fn a_large_block_grows_in_place_at_the_end_of_memory() {
        let mut heap = Heap::new(Arena::new(64));
        unsafe {
            let mut size = 2048;
            let block = heap.alloc(layout(size, 1));
            block.write_bytes(0xaa, size);
            while size * 2 <= 63 * PAGE {
                assert_eq!(heap.realloc(block, layout(size, 1), size * 2), block);
                size *= 2;
            }
            assert!(core::slice::from_raw_parts(block, 2048).iter().all(|&b| b == 0xaa));
        }
    }

    #[test]
    fn when_there_is_no_more_the_answer_is_null_and_what_is_there_stays() {
        let mut heap = Heap::new(Arena::new(2));
        unsafe {
            let block = heap.alloc(layout(70_000, 8));
            assert!(!block.is_null());
            *block = 42;
            assert!(heap.alloc(layout(70_000, 8)).is_null());
            assert!(heap.realloc(block, layout(70_000, 8), 1 << 20).is_null());
            assert!(heap.alloc(layout(isize::MAX as usize - 64, 8)).is_null());
            assert_eq!(*block, 42);
            assert!(!heap.alloc(layout(1000, 8)).is_null());
        }
    }

    #[test]
    fn blocks_never_overlap_and_keep_their_bytes() {
        let mut heap = Heap::new(Arena::new(64));
        let mut random = crate::random::Rng::from_seed(&[7; 32]);
        let mut live: BTreeMap<usize, (Layout, u8)> = BTreeMap::new();
        let check = |at: usize, len: usize, fill: u8| unsafe {
            assert!(core::slice::from_raw_parts(at as *const u8, len).iter().all(|&b| b == fill));
        };
        for round in 0..20_000u32 {
            let fill = round as u8;
            let size = match random.next_u64() % 10 {
                0 => (random.next_u64() % 40_000) as usize,
                1..=3 => (random.next_u64() % 3000) as usize,
                _ => (random.next_u64() % 200) as usize,
            };
            let pick = live.keys().copied().nth((random.next_u64() % 97) as usize);
            match (random.next_u64() % 4, pick) {
                (0, Some(at)) | (1, Some(at)) if live.len() > 50 => {
                    let (old, fill) = live.remove(&at).unwrap();
                    check(at, old.size(), fill);
                    unsafe { heap.dealloc(at as *mut u8, old) };
                }
                (2, Some(at)) if size > 0 => {
                    let (old, fill) = live.remove(&at).unwrap();
                    let moved = unsafe { heap.realloc(at as *mut u8, old, size) };
                    assert!(!moved.is_null());
                    check(moved as usize, old.size().min(size), fill);
                    unsafe { moved.write_bytes(fill, size) };
                    live.insert(moved as usize, (layout(size, old.align()), fill));
                }
                _ => {
                    let new = layout(size.max(1), 1 << (random.next_u64() % 8));
                    let at = unsafe { heap.alloc(new) };
                    assert!(!at.is_null());
                    assert_eq!(at as usize % new.align(), 0);
                    if let Some((before, (l, _))) = live.range(..at as usize).next_back() {
                        assert!(before + l.size() <= at as usize, "overlap");
                    }
                    if let Some((after, _)) = live.range(at as usize..).next() {
                        assert!(at as usize + new.size() <= *after, "overlap");
                    }
                    unsafe { at.write_bytes(fill, new.size()) };
                    live.insert(at as usize, (new, fill));
                }
            }
        }
        assert!(live.len() > 30);
        for (at, (l, fill)) in live {
            check(at, l.size(), fill);
            unsafe { heap.dealloc(at as *mut u8, l) };
        }
    }
}
