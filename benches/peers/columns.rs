//! Columns of numbers in files, for a peer to read: one file each, little-endian, nothing else.

use std::fs::File;
use std::io::{BufWriter, Write as _};
use std::path::{Path, PathBuf};

use serde_json::{Map, Value, json};

/// A number that a column can hold.
pub(crate) trait Number: Copy {
    /// Its type in the words of `NumPy`.
    const TYPE: &'static str;

    /// Its bytes, the lowest first.
    fn bytes(self) -> impl AsRef<[u8]>;
}

macro_rules! number {
    ($($name:ty => $type:literal),*) => {$(
        impl Number for $name {
            const TYPE: &'static str = $type;

            fn bytes(self) -> impl AsRef<[u8]> {
                self.to_le_bytes()
            }
        }
    )*};
}

number!(u8 => "<u1", u32 => "<u4", u64 => "<u8", i64 => "<i8", f32 => "<f4");

/// The columns of one peer, written into a folder.
#[derive(Debug)]
pub(crate) struct Columns {
    folder: PathBuf,
    written: Map<String, Value>,
}

impl Columns {
    /// No columns yet, in a folder that is made.
    pub(crate) fn new(folder: &Path) -> Self {
        std::fs::create_dir_all(folder).expect("a folder inside target");
        Self { folder: folder.to_path_buf(), written: Map::new() }
    }

    /// Writes a column over whatever its file held.
    pub(crate) fn write<T: Number>(&mut self, name: &str, values: &[T]) {
        let path = self.folder.join(format!("{name}.bin"));
        let mut file = BufWriter::new(File::create(&path).expect("a file inside target"));
        for value in values {
            file.write_all(value.bytes().as_ref()).expect("room on the disk");
        }
        file.flush().expect("room on the disk");
        let described = json!({"path": path, "type": T::TYPE, "length": values.len()});
        self.written.insert(name.to_owned(), described);
    }

    /// What was written: for each column its path, type and length.
    pub(crate) fn described(&self) -> Value {
        Value::Object(self.written.clone())
    }
}
