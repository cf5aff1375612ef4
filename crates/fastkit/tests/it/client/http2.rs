//! HTTP/2 upstreams that refuse requests unseen: these are sent again at once, whatever they do, and nobody hears of it.

use super::setup_with;
use bytes::Bytes;
use h2::{Reason, server};
use http::{Request, Response};
use std::net::SocketAddr;
use tokio::net::TcpListener;

type Connection = server::Connection<tokio::net::TcpStream, Bytes>;
type Respond = server::SendResponse<Bytes>;

fn answer(mut respond: Respond) {
    let mut stream = respond.send_response(Response::new(()), false).unwrap();
    stream
        .send_data(Bytes::from_static(b"whole"), true)
        .unwrap();
}

async fn next(connection: &mut Connection) -> Option<(Request<h2::RecvStream>, Respond)> {
    connection.accept().await.and_then(Result::ok)
}

/// An upstream that says REFUSED_STREAM to so many requests.
async fn refusing(mut refusals: u32) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        let (socket, _) = listener.accept().await.unwrap();
        let mut connection = server::handshake(socket).await.unwrap();
        while let Some((_, mut respond)) = next(&mut connection).await {
            if refusals > 0 {
                refusals -= 1;
                respond.send_reset(Reason::REFUSED_STREAM);
            } else {
                answer(respond);
            }
        }
    });
    address
}

#[tokio::test]
async fn a_refused_request_is_sent_again_at_once() {
    let address = refusing(2).await;
    let (_, client, clock) = setup_with(|builder| builder.http2_prior_knowledge());
    let post = client.post(format!("http://{address}/")).body("order");
    let answer = post.send().await.unwrap();
    assert_eq!((&*answer.text(), answer.attempts()), ("whole", 1));
    assert!(clock.waits().is_empty());
}

#[tokio::test]
async fn one_that_keeps_refusing_is_asked_as_any_that_fails() {
    let address = refusing(3).await;
    let (_, client, clock) = setup_with(|builder| builder.http2_prior_knowledge());
    let answer = client.get(format!("http://{address}/")).send().await;
    assert_eq!(answer.unwrap().attempts(), 2);
    assert_eq!(clock.waits().len(), 1);
}
