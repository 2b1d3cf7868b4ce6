-- Made by `python3 build.py extension` from site/content/embed.toml and the engine. Don't edit it here.

return {
  version = "0.1.0",
  ["1"] = {
    figure = "1",
    title = "The KV-Cache Memory Wall, Act I: the memory wall",
    caption = "How many users fit beside the weights of Llama-3-70B? Commit a prediction, then move the sliders and let the physics answer.",
    alt = "8 columns, one for each GPU, each 80 GiB high. The weights of Llama-3-70B fill the lowest 16.4 GiB of each. The rest has a question mark: how many users’ keys and values does it hold?",
  },
  ["2"] = {
    figure = "2",
    title = "The KV-Cache Memory Wall, Act II: latency against throughput",
    caption = "Choose batch size and scheduling for an assistant and for a night’s documents. Break both, mend both, and see what it costs.",
    alt = "Stacked bars. A step with 1 request takes 11.5 ms, a step with 64 requests 18.6 ms. Reading the weights is the largest part of a small batch’s step and nearly the same in each; reading keys and values grows with the batch.",
  },
  ["all"] = {
    figure = "1",
    title = "The KV-Cache Memory Wall",
    caption = "An interactive lab in two acts: how many users a cluster holds, and what latency costs. Predict, experiment, design, keep the record.",
    alt = "8 columns, one for each GPU, each 80 GiB high. The weights of Llama-3-70B fill the lowest 16.4 GiB of each. The rest has a question mark: how many users’ keys and values does it hold?",
  },
}
