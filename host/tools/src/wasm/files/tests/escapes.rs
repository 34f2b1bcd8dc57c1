//! Ways out of the workspace, and what is outside.

use super::fixture::{Got, Home, NO, YES};
use wasmtime_wasi::p2::bindings::filesystem::types::ErrorCode;

fn plain<T>(got: Got<T>) -> Got<()> {
    got.map(|_| ())
}

#[tokio::test]
async fn no_path_leads_out_of_the_workspace() {
    let home = Home::new();
    let out = home.path("../other/out.txt");
    let out = out.to_str().unwrap();
    home.symlink(out, "absolute");
    home.symlink("../other/out.txt", "relative");
    home.symlink("../other", "folder");
    home.symlink("sub/../../other/out.txt", "winding");
    home.symlink(home.path("../other/out.txt"), "dotted");
    home.symlink("/proc/self/root/etc/passwd", "magic");
    let mut call = home.call(|_| YES);
    for path in [
        "../other/out.txt",
        "sub/../../other/out.txt",
        "..",
        "absolute",
        "relative",
        "folder/out.txt",
        "winding",
        "dotted",
        "magic",
        "folder",
        "@temp/../other/out.txt",
        out,
    ] {
        let denied = Err(ErrorCode::Access);
        assert_eq!(call.read(path).await, Err(ErrorCode::Access), "{path}");
        assert_eq!(call.write(path, "x").await, denied, "write {path}");
        assert_eq!(plain(call.stat(path).await), denied, "stat {path}");
    }
    for path in ["folder/new", "../new", "folder/../../new"] {
        let denied = Err(ErrorCode::Access);
        assert_eq!(call.write(path, "x").await, denied, "write {path}");
        assert_eq!(call.mkdir(path).await, denied, "mkdir {path}");
        assert_eq!(call.rename("a.txt", path).await, denied, "to {path}");
        assert_eq!(call.hard_link("a.txt", path).await, denied, "link {path}");
    }
    assert_eq!(call.asked(), [""; 0]);
    assert!(call.refusals().contains("outside the workspace"));
    assert_eq!(home.text("../other/out.txt"), "outside");
}

#[tokio::test]
async fn an_absolute_link_inside_works() {
    let home = Home::new();
    home.symlink(home.path("sub"), "folder");
    home.symlink(home.path("a.txt"), "file");
    let mut call = home.call(|_| YES);
    assert_eq!(call.read("file").await.as_deref(), Ok("alpha"));
    assert_eq!(call.read("folder/b.txt").await.as_deref(), Ok("beta"));
    assert_eq!(call.names("folder").await.unwrap(), ["b.txt"]);
    call.write("folder/b.txt", "new").await.unwrap();
    assert_eq!(home.text("sub/b.txt"), "new");
    assert_eq!(call.asked(), ["FileWrite sub/b.txt"]);
}

#[tokio::test]
async fn outside_each_file_is_asked_about_once() {
    let home = Home::new();
    let out = home.outside("other/out.txt");
    let shown = out.strip_prefix("@outside").unwrap().to_owned();
    let mut call = home.call(|_| NO);
    assert_eq!(call.read(&out).await, Err(ErrorCode::Access));
    assert_eq!(call.read(&out).await, Err(ErrorCode::Access));
    assert_eq!(call.asked(), [format!("FileRead {shown}")]);

    let mut call = home.call(|_| YES);
    assert_eq!(plain(call.stat(&out).await), Ok(()));
    assert_eq!(call.read(&out).await.as_deref(), Ok("outside"));
    call.write(&out, "changed").await.unwrap();
    let asked = [format!("FileRead {shown}"), format!("FileWrite {shown}")];
    assert_eq!(call.asked(), asked);
    assert_eq!(home.text("../other/out.txt"), "changed");
    // The root of the file system is there unopened, but not unasked.
    assert_eq!(plain(call.names("@outside/").await), Ok(()));
    assert_eq!(call.asked().last().unwrap(), "FileRead /");
}

#[tokio::test]
async fn what_is_reached_from_outside_is_judged_as_what_it_is() {
    let home = Home::new();
    home.symlink("../work/a.txt", "../other/inward");
    home.symlink("../work/.env", "../other/secret");
    home.symlink("out.txt", "../other/link");
    home.put("../temp/t.txt", "temporary");
    let mut call = home.call(|_| NO);
    for (path, text) in [
        ("work/a.txt", "alpha"),
        ("other/inward", "alpha"),
        ("other/../work/sub/b.txt", "beta"),
        ("temp/t.txt", "temporary"),
    ] {
        let path = home.outside(path);
        assert_eq!(call.read(&path).await.as_deref(), Ok(text), "{path}");
    }
    assert_eq!(call.asked(), [""; 0]);
    assert_eq!(
        call.read(&home.outside("other/secret")).await,
        Err(ErrorCode::Access)
    );
    assert_eq!(
        call.read(&home.outside("other/link")).await,
        Err(ErrorCode::Access)
    );
    let out = home.outside("other/out.txt");
    let out = out.strip_prefix("@outside").unwrap();
    assert_eq!(
        call.asked(),
        ["FileRead .env".to_owned(), format!("FileRead {out}")]
    );
}

#[tokio::test]
async fn the_temp_folder_is_free() {
    let home = Home::new();
    let mut call = home.call(|_| NO);
    call.write("@temp/.env", "x").await.unwrap();
    assert_eq!(call.read("@temp/.env").await.as_deref(), Ok("x"));
    call.mkdir("@temp/sub").await.unwrap();
    call.rename("@temp/.env", "@temp/sub/y").await.unwrap();
    assert_eq!(call.names("@temp/sub").await.unwrap(), ["y"]);
    assert_eq!(call.asked(), [""; 0]);
    // Out of it and into it a link leads nowhere else.
    home.symlink("../work/.env", "../temp/link");
    assert_eq!(call.read("@temp/link").await, Err(ErrorCode::Access));
    assert_eq!(call.asked(), [""; 0]);
    home.symlink(home.path(".env"), "../temp/absolute");
    assert_eq!(call.read("@temp/absolute").await, Err(ErrorCode::Access));
    assert_eq!(call.asked(), ["FileRead .env"]);
}

#[tokio::test]
async fn process_information_is_not_lent() {
    let home = Home::new();
    let mut call = home.call(|_| YES);
    for path in ["@outside/proc/self/environ", "@outside/proc/self/mem"] {
        assert_eq!(call.read(path).await, Err(ErrorCode::Access), "{path}");
        assert_eq!(call.append(path, "x").await, Err(ErrorCode::Access));
    }
    assert!(call.refusals().contains("information about processes"));
    assert_eq!(
        call.read("@outside/dev/null").await,
        Err(ErrorCode::Access),
        "a device is no file"
    );
}
