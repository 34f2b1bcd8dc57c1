//! Lists, pages and searches.

use super::support::*;

#[tokio::test]
async fn smoke() {
    let place = Place::new();
    let storage = place.open().await;
    storage
        .tell(
            1,
            vec![
                opened(view(1)),
                started(1),
                completed(says(1, "hello world")),
            ],
        )
        .await
        .unwrap();
    println!("{:?}", storage.conversations(None, 10).await.unwrap());
    println!(
        "{:?}",
        storage.items(conversation_id(1), None, 10).await.unwrap()
    );
    println!("{:?}", storage.search("hello wor", 10).await.unwrap());
    println!("{:?}", storage.status().await.unwrap());
    println!("{:?}", storage.check().await.unwrap());
    println!("{:?}", storage.unfinished().await.unwrap());
    storage.close().await.unwrap();
    for e in std::fs::read_dir(place.file().parent().unwrap()).unwrap() {
        println!("{:?}", e.unwrap().path());
    }
}
