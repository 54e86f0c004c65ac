// What the loan costs: an annuity, at the rate that was decided, before that at
// the list rate.
const listRate = 9.5; // percent a year

export default {
  outputHandler({ instance }) {
    const { amount, months, rate = listRate } = instance.data;
    const monthly = rate / 100 / 12;
    const instalment = monthly === 0 ? amount / months : (amount * monthly) / (1 - (1 + monthly) ** -months);
    const cents = (x) => Math.round(x * 100) / 100;
    return { data: { rate, instalment: cents(instalment), total: cents(instalment * months) } };
  },
};
