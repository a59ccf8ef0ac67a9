// The original design, for comparison only: the tutorial's five endpoints with its semantics. Toss is asked first, and one
// row is written after; a session in memory holds the amount; nothing is written before the call. Where the tutorial left
// a choice, the faster one is taken: connections to Toss and to the database are kept, and no empty session is stored.
import { randomBytes } from 'node:crypto';
import express from 'express';
import session from 'express-session';
import mysql from 'mysql2/promise';

const { PORT, TOSS_URL, TOSS_SECRET_KEY, DATABASE_PORT, DATABASE } = process.env;
const authorization = `Basic ${Buffer.from(`${TOSS_SECRET_KEY}:`).toString('base64')}`;
const server = { host: '127.0.0.1', port: Number(DATABASE_PORT), user: 'shop' };

// The tutorial's table, and the part of the shop's `orders` that it points to.
const empty = await mysql.createConnection(server);
await empty.query(`CREATE DATABASE ${DATABASE} DEFAULT CHARSET utf8mb4`);
await empty.end();
const database = mysql.createPool({ ...server, database: DATABASE, connectionLimit: 32 });
await database.query(`CREATE TABLE orders (
  order_id BINARY(16) NOT NULL PRIMARY KEY, total_amount BIGINT NOT NULL)`);
await database.query(`CREATE TABLE TossPayment (
  payment_id VARBINARY(255) NOT NULL PRIMARY KEY,
  order_id BINARY(16) NOT NULL UNIQUE,
  toss_order_id VARCHAR(255) NOT NULL,
  toss_payment_key VARCHAR(255) NOT NULL UNIQUE,
  toss_payment_method ENUM('가상계좌','간편결제','게임문화상품권','계좌이체','도서문화상품권','문화상품권','카드','휴대폰') NOT NULL,
  toss_payment_status ENUM('ABORTED','CANCELED','DONE','EXPIRED','IN_PROGRESS','PARTIAL_CANCELED','READY','WAITING_FOR_DEPOSIT') NOT NULL,
  total_amount BIGINT NOT NULL,
  approved_at DATETIME(6) DEFAULT NULL,
  requested_at DATETIME(6) NOT NULL,
  CONSTRAINT fk_order_id FOREIGN KEY (order_id) REFERENCES orders(order_id))`);

const app = express();
app.disable('x-powered-by');
app.use(express.json());
app.use(session({ secret: 'bench', resave: false, saveUninitialized: false }));

const toss = (path, body) => fetch(`${TOSS_URL}${path}`, {
  method: 'POST', headers: { authorization, 'content-type': 'application/json' }, body: JSON.stringify(body),
});
const bytes = (id) => Buffer.from(id.replaceAll('-', ''), 'hex');
const time = (text) => (text ? new Date(text) : null);

app.get('/readyz', (_, response) => response.send('ready'));

// The shop's own order, made before the clock starts.
app.post('/orders', async (request, response) => {
  const id = randomBytes(16);
  await database.execute('INSERT INTO orders VALUES (?, ?)', [id, request.body.totalAmount]);
  response.status(201).json({ id: id.toString('hex') });
});

app.post('/payments/saveAmount', (request, response) => {
  const { orderId, amount } = request.body;
  request.session[orderId] = String(amount);
  response.json('Payment temp save successful');
});

app.post('/payments/verifyAmount', (request, response) => {
  const { orderId, amount } = request.body;
  if (request.session[orderId] !== String(amount)) {
    return response.status(400).json({ code: 400, message: '결제 금액 정보가 유효하지 않습니다.' });
  }
  delete request.session[orderId];
  response.json('Payment is valid');
});

app.post('/payments/confirm', async (request, response) => {
  const { amount, backendOrderId, orderId, paymentKey } = request.body;
  const answer = await toss('/v1/payments/confirm', { orderId, amount: Number(amount), paymentKey });
  const payment = await answer.json();
  if (!answer.ok) {
    return response.status(answer.status).json(payment);
  }
  try {
    await database.execute('INSERT INTO TossPayment VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)', [
      randomBytes(16), bytes(backendOrderId), orderId, paymentKey, payment.method, payment.status,
      payment.totalAmount, time(payment.approvedAt), time(payment.requestedAt),
    ]);
  } catch {
    await toss(`/v1/payments/${paymentKey}/cancel`, { cancelReason: '데이터베이스 오류' });
    return response.status(500).json({ message: '데이터베이스 오류', code: 500 });
  }
  response.json({
    backendOrderId, tossPaymentMethod: payment.method, tossPaymentStatus: payment.status,
    totalAmount: payment.totalAmount,
  });
});

app.get('/payments/:id', async (request, response) => {
  const [[row]] = await database.execute(
    'SELECT toss_payment_method, toss_payment_status, total_amount FROM TossPayment WHERE order_id = ?',
    [bytes(request.params.id)],
  );
  if (!row) {
    return response.status(404).json({ code: 404, message: '결제 정보가 없습니다.' });
  }
  response.json({
    backendOrderId: request.params.id, tossPaymentMethod: row.toss_payment_method,
    tossPaymentStatus: row.toss_payment_status, totalAmount: row.total_amount,
  });
});

app.post('/payments/cancel', async (request, response) => {
  const { paymentKey, cancelReason } = request.body;
  const answer = await toss(`/v1/payments/${paymentKey}/cancel`, { cancelReason });
  if (answer.status === 200) {
    await database.execute(
      "UPDATE TossPayment SET toss_payment_status = 'CANCELED' WHERE toss_payment_key = ?", [paymentKey],
    );
  }
  response.status(answer.status).type('json').send(await answer.text());
});

app.listen(Number(PORT), '127.0.0.1', 4096);
