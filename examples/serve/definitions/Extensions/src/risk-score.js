// How much of the income the loan would take. Mappings see the income, which the
// schema hides from callers that are no underwriters; so only a band goes out.
export default {
  outputHandler({ instance }) {
    const { amount, months, applicant } = instance.data;
    const share = amount / months / (applicant.income / 12);
    const band = share < 0.2 ? "low" : share < 0.4 ? "medium" : "high";
    return { data: { band } };
  },
};
