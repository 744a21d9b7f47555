//! The disk under SQLite: full and freed, failing to sync, and without power. Needs root for disks of its own.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tallystick::store::Store;

use super::load::Load;
use super::{Scene, Served, is_full, moment, seed};
use crate::support::Kind;

const FULL_ROUNDS: usize = 3;
const SYNC_ROUNDS: usize = 5;
const POWER_ROUNDS: usize = 10;
const BUDGET_MS: u64 = 250;

fn run(program: &str, arguments: &[&str]) -> bool {
    Command::new(program).args(arguments).output().is_ok_and(|done| done.status.success())
}

/// A disk mounted at a folder of its own, until it is dropped.
struct Disk {
    folder: tempfile::TempDir,
}

impl Disk {
    /// Nothing where this user may not mount.
    fn mount(arguments: &[&str]) -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        let place = folder.path().to_str().unwrap().to_owned();
        run("mount", &[arguments, &[&place]].concat()).then_some(Self { folder })
    }

    /// Puts the scene's database there; gives its address.
    fn take(&self, scene: &Scene) -> String {
        let from = scene.database.url.strip_prefix("sqlite://").unwrap();
        fs::copy(from, self.path("test.db")).unwrap();
        self.url()
    }

    fn url(&self) -> String {
        format!("sqlite://{}", self.path("test.db").display())
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        assert!(run("umount", &[self.folder.path().to_str().unwrap()]) || std::thread::panicking(), "unmounting");
    }
}

/// Writes until nothing more goes.
fn fill(file: &Path) {
    use std::io::Write;
    let mut file = fs::File::create(file).unwrap();
    for size in [1_048_576, 65_536, 4_096, 512] {
        while file.write_all(&vec![1; size]).is_ok() {}
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_disk_stops_promises_and_a_freed_one_keeps_what_waited() {
    if !is_full() {
        return println!("SKIPPED: runs with TALLYSTICK_FAULTS");
    }
    let Some(disk) = Disk::mount(&["-t", "tmpfs", "-o", "size=128m", "none"]) else {
        return println!("SKIPPED: may not mount a small disk");
    };
    let scene = Scene::new(Kind::Sqlite).await;
    let url = disk.take(&scene);
    let load = Load::new(&scene);
    let served = Served::start_with(&url, BUDGET_MS, Command::new(env!("CARGO_BIN_EXE_tallystick")));
    for round in 0..FULL_ROUNDS {
        let first = round * 3_000;
        load.run(&[&served.url], first..first + 300 + moment(round, 200), |_| {}).await;
        let deferred = load.told.lock().unwrap().deferred.len();
        fill(&disk.path("filler"));
        load.run(&[&served.url], first + 500..first + 2_000, |_| {}).await;
        {
            let told = load.told.lock().unwrap();
            assert!(told.deferred.len() > deferred, "no promise on a full disk");
            assert_eq!(told.unanswered, 0, "every request is answered");
        }
        fs::remove_file(disk.path("filler")).unwrap();
        let store = Store::open(&url).await.unwrap();
        load.deferred_are_stored(&store).await;
        load.buy_again(&served.url).await;
        load.check(&store).await;
        store.close().await;
    }
    let told = load.told.lock().unwrap();
    println!(
        "disk full {FULL_ROUNDS} times: {} durable, {} deferred, none lost",
        told.durable.len(),
        told.deferred.len()
    );
}

/// After a sync that failed nobody knows what is on the disk: the process ends, and says so before it promises more.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_disk_that_fails_to_sync_ends_the_process_before_it_promises_more() {
    if !is_full() {
        return println!("SKIPPED: runs with TALLYSTICK_FAULTS");
    }
    if !run("strace", &["-qq", "-o", "/dev/null", "true"]) {
        return println!("SKIPPED: needs strace");
    }
    let scene = Scene::new(Kind::Sqlite).await;
    let load = Load::new(&scene);
    for round in 0..SYNC_ROUNDS {
        let when = 10 + moment(round, 30);
        let mut strace = Command::new("strace");
        strace.args(["-f", "-qq", "-o", "/dev/null", "-e", "trace=fsync,fdatasync", "-e"]);
        strace.arg(format!("inject=fsync,fdatasync:error=EIO:when={when}+"));
        strace.arg(env!("CARGO_BIN_EXE_tallystick"));
        let mut served = Served::start_with(&scene.database.url, 0, strace);
        let _traced = Traced::of(&served);
        load.run(&[&served.url], round * 800..(round + 1) * 800, |_| {}).await;
        let ended = (0..300).find_map(|_| {
            std::thread::sleep(Duration::from_millis(20));
            served.child.try_wait().unwrap()
        });
        assert!(ended.is_some_and(|ended| !ended.success()), "it ended with an error: {ended:?}");
        let store = Store::open(&scene.database.url).await.unwrap();
        load.check(&store).await;
        store.close().await;
    }
    let told = load.told.lock().unwrap();
    println!("sync failed {SYNC_ROUNDS} times, seed {}: {} durable, none lost", seed(), told.durable.len());
}

/// The process behind strace, which would outlive it.
struct Traced(String);

impl Traced {
    fn of(served: &Served) -> Self {
        let id = served.child.id();
        Self(fs::read_to_string(format!("/proc/{id}/task/{id}/children")).unwrap().trim().to_owned())
    }
}

impl Drop for Traced {
    fn drop(&mut self) {
        // It should be gone.
        let _ = run("kill", &["-KILL", &self.0]);
    }
}

/// The image of a disk at one moment: what was not synced is not in it.
async fn cut(durability: &str, round: usize) -> Option<(Load, Disk, tempfile::TempDir)> {
    let images = tempfile::tempdir().unwrap();
    let (image, copy) = (images.path().join("disk"), images.path().join("copy"));
    fs::File::create(&image).unwrap().set_len(96 << 20).unwrap();
    let [image, copy] = [image, copy].map(|path| path.to_str().unwrap().to_owned());
    if !run("mkfs.ext4", &["-q", &image]) {
        return None;
    }
    // Nothing is written back by itself while the test runs.
    let disk = Disk::mount(&["-o", "loop,commit=300", &image])?;
    let scene = Scene::new(Kind::Sqlite).await;
    let url = disk.take(&scene);
    assert!(run("sync", &[]));
    let load = Load::new(&scene);
    let mut program = Command::new(env!("CARGO_BIN_EXE_tallystick"));
    program.env("CLICK_DURABILITY", durability);
    let mut served = Served::start_with(&url, 0, program);
    let (cut_at, is_cut) = (100 + moment(round, 300), AtomicBool::new(false));
    let pid = served.child.id().to_string();
    load.run(&[&served.url], 0..1_000, |_| {
        let told = load.told.lock().unwrap();
        if told.durable.len() + told.deferred.len() >= cut_at && !is_cut.swap(true, Ordering::SeqCst) {
            // The process holds still while the image is taken, and everything it said before is in the list: it is
            // killed at once after, so that nothing it says later counts.
            assert!(run("kill", &["-STOP", &pid]) && run("cp", &[&image, &copy]) && run("kill", &["-KILL", &pid]));
        }
    })
    .await;
    served.kill();
    drop(disk);
    let disk = Disk::mount(&["-o", "loop", &copy]).expect("the image is a disk");
    Some((load, disk, images))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_power_what_was_promised_is_on_the_disk() {
    if !is_full() {
        return println!("SKIPPED: runs with TALLYSTICK_FAULTS");
    }
    let mut kept = 0;
    for round in 0..POWER_ROUNDS {
        let Some((load, disk, _images)) = cut("strict", round).await else {
            return println!("SKIPPED: may not mount the image of a disk");
        };
        let store = Store::open(&disk.url()).await.unwrap();
        load.check(&store).await;
        store.close().await;
        kept += load.told.lock().unwrap().durable.len();
    }
    println!("power cut {POWER_ROUNDS} times, seed {}: {kept} clicks durable, none lost", seed());

    // The same without a sync at each commit: this test can see a loss.
    let (load, disk, _images) = cut("process", 0).await.unwrap();
    let store = Store::open(&disk.url()).await.unwrap();
    let (_, stored) = crate::replay::rows(&store, "select 'all' as clicks, count(*) as n from clicks").await.remove(0);
    store.close().await;
    let answered = load.told.lock().unwrap().deferred.len() as i64;
    assert!(stored < answered, "{stored} of {answered}: a commit that is not synced does not outlive a power cut");
    println!("without a sync {} of {answered} clicks were gone", answered - stored);
}
