//! Paths as text, by PHP's rules.

use std::path::{Component, Path, PathBuf};

/// PHP's `dirname`, applied `levels` times.
pub(super) fn dirname(path: &str, levels: i64) -> String {
    let mut path = path.to_owned();
    for _ in 0..levels {
        let parent = parent(&path);
        if parent == path {
            break;
        }
        path = parent;
    }
    path
}

fn parent(path: &str) -> String {
    let trimmed = path.trim_end_matches('/');
    match trimmed.rfind('/') {
        _ if path.is_empty() => String::new(),
        _ if trimmed.is_empty() => "/".to_owned(),
        Some(slash) => match trimmed[..slash].trim_end_matches('/') {
            "" => "/".to_owned(),
            parent => parent.to_owned(),
        },
        None => ".".to_owned(),
    }
}

/// The file meant by `path` in a file of `directory`, without `.` and `..`.
pub(super) fn resolve(path: &str, directory: &Path) -> PathBuf {
    let mut resolved = PathBuf::new();
    for component in directory.join(path).components() {
        match component {
            Component::CurDir => {}
            Component::ParentDir if resolved.file_name().is_some() => {
                resolved.pop();
            }
            Component::ParentDir if resolved.has_root() => {}
            kept => resolved.push(kept),
        }
    }
    resolved
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dirname_is_that_of_php() {
        let cases = [("/a/b", 1, "/a"), ("/a", 1, "/"), ("a", 1, "."), ("", 1, "")];
        for (path, levels, expected) in cases {
            assert_eq!(dirname(path, levels), expected, "{path}");
        }
        assert_eq!(dirname("/a/b//c/", 2), "/a");
        assert_eq!(dirname("/a/b", i64::MAX), "/");
    }

    #[test]
    fn paths_are_resolved_from_the_directory_of_the_file() {
        let directory = Path::new("/site/web");
        assert_eq!(resolve("./x.php", directory), Path::new("/site/web/x.php"));
        assert_eq!(resolve("/etc/../x.php", directory), Path::new("/x.php"));
        assert_eq!(resolve("../../../x.php", directory), Path::new("/x.php"));
        assert_eq!(resolve("../x.php", Path::new("")), Path::new("../x.php"));
    }
}
