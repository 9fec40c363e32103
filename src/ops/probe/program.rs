//! The smallest program of each architecture: it ends with 0, and needs nothing but a kernel.
//!
//! It is put together here so that a probe needs no base image. A static ELF file is a header, one entry of the
//! program header table that maps the whole file, and the code. See elf(5), and syscall(2) for who takes which
//! number in which register.

/// How a file says which machine it is for, and the code that ends a process with 0 there.
struct Machine {
    /// GOARCH.
    name: &'static str,
    /// `e_machine`.
    number: u16,
    /// `e_flags`: which of several calling conventions; kernels and emulators refuse others.
    flags: u32,
    is_big_endian: bool,
    is_64_bit: bool,
    code: &'static [u8],
}

/// Every architecture that a platform can have.
const MACHINES: [Machine; 9] = [
    // xor edi, edi; mov eax, 60; syscall
    little("amd64", 62, 0, b"\x31\xff\xb8\x3c\x00\x00\x00\x0f\x05"),
    // mov x0, #0; mov x8, #93; svc #0
    little(
        "arm64",
        183,
        0,
        b"\x00\x00\x80\xd2\xa8\x0b\x80\xd2\x01\x00\x00\xd4",
    ),
    // xor ebx, ebx; mov eax, 1; int 0x80
    narrow("386", 3, 0, b"\x31\xdb\xb8\x01\x00\x00\x00\xcd\x80"),
    // mov r0, #0; mov r7, #1; svc #0 (EABI 5)
    narrow(
        "arm",
        40,
        0x0500_0000,
        b"\x00\x00\xa0\xe3\x01\x70\xa0\xe3\x00\x00\x00\xef",
    ),
    // ori a0, zero, 0; ori a7, zero, 93; syscall 0 (double floats)
    little(
        "loong64",
        258,
        0x43,
        b"\x04\x00\x80\x03\x0b\x74\x81\x03\x00\x00\x2b\x00",
    ),
    // li a0, 0; li v0, 5058; syscall (release 2, position independent)
    little(
        "mips64le",
        8,
        0x8000_0007,
        b"\x00\x00\x04\x24\xc2\x13\x02\x24\x0c\x00\x00\x00",
    ),
    // li r3, 0; li r0, 1; sc (ELF version 2)
    little(
        "ppc64le",
        21,
        2,
        b"\x00\x00\x60\x38\x01\x00\x00\x38\x02\x00\x00\x44",
    ),
    // li a0, 0; li a7, 93; ecall
    little(
        "riscv64",
        243,
        0,
        b"\x13\x05\x00\x00\x93\x08\xd0\x05\x73\x00\x00\x00",
    ),
    // lghi %r2, 0; svc 1
    Machine {
        is_big_endian: true,
        ..little("s390x", 22, 0, b"\xa7\x29\x00\x00\x0a\x01")
    },
];

const fn little(name: &'static str, number: u16, flags: u32, code: &'static [u8]) -> Machine {
    Machine {
        name,
        number,
        flags,
        is_big_endian: false,
        is_64_bit: true,
        code,
    }
}

const fn narrow(name: &'static str, number: u16, flags: u32, code: &'static [u8]) -> Machine {
    Machine {
        is_64_bit: false,
        ..little(name, number, flags, code)
    }
}

/// Where the file is mapped: above what any kernel forbids, and a multiple of every page size.
const ADDRESS: u64 = 0x40_0000;
/// `p_align`: the largest page size of these machines.
const PAGE: u64 = 0x1_0000;
/// `PT_LOAD`, and `PF_R | PF_X`.
const LOAD: u64 = 1;
const READ_AND_RUN: u64 = 5;

/// The file of the program for an architecture, by its GOARCH; nothing for one that is not known.
pub fn program(architecture: &str) -> Option<Vec<u8>> {
    let machine = MACHINES.iter().find(|it| it.name == architecture)?;
    Some(machine.file())
}

impl Machine {
    fn file(&self) -> Vec<u8> {
        // Sizes of the file's header, of an entry of the program header table, of one for sections, of an address.
        let (header, entry, section, wide) = if self.is_64_bit {
            (64, 56, 64, 8)
        } else {
            (52, 32, 40, 4)
        };
        let size = header + entry + self.code.len() as u64;
        let mut file = Vec::new();
        let class = if self.is_64_bit { 2 } else { 1 };
        let order = if self.is_big_endian { 2 } else { 1 };
        file.extend(b"\x7fELF");
        file.extend([class, order, 1]);
        // The ABI is System V's, and the rest of the identification is empty.
        file.extend([0; 9]);
        let mut put = |value: u64, width: usize| {
            let bytes = value.to_le_bytes();
            let bytes = bytes.iter().take(width).copied();
            if self.is_big_endian {
                file.extend(bytes.rev());
            } else {
                file.extend(bytes);
            }
        };
        put(2, 2); // ET_EXEC: linked to its address, as the masks of emulators expect
        put(self.number.into(), 2);
        put(1, 4);
        put(ADDRESS + header + entry, wide); // where it begins
        put(header, wide); // where the program header table is
        put(0, wide);
        put(self.flags.into(), 4);
        put(header, 2);
        put(entry, 2);
        put(1, 2);
        put(section, 2);
        put(0, 2);
        put(0, 2);
        // The entry; where the permissions stand depends on the class.
        put(LOAD, 4);
        if self.is_64_bit {
            put(READ_AND_RUN, 4);
        }
        put(0, wide);
        put(ADDRESS, wide);
        put(ADDRESS, wide);
        put(size, wide);
        put(size, wide);
        if !self.is_64_bit {
            put(READ_AND_RUN, 4);
        }
        put(PAGE, wide);
        file.extend(self.code);
        file
    }
}
