// What a sample on Express does, for comparison only: confirm forwards to Toss and returns its answer. Nothing is stored.
import express from 'express';

const { PORT, TOSS_URL, TOSS_SECRET_KEY } = process.env;
const authorization = `Basic ${Buffer.from(`${TOSS_SECRET_KEY}:`).toString('base64')}`;

const app = express();
app.disable('x-powered-by');
app.use(express.json());

app.get('/readyz', (_, response) => response.send('ready'));

app.post('/payments/confirm', async (request, response) => {
  const { paymentKey, orderId, amount } = request.body;
  const answer = await fetch(`${TOSS_URL}/v1/payments/confirm`, {
    method: 'POST',
    headers: { authorization, 'content-type': 'application/json' },
    body: JSON.stringify({ orderId, amount: Number(amount), paymentKey }),
  });
  response.status(answer.status).json(await answer.json());
});

app.listen(Number(PORT), '127.0.0.1', 4096);
