-- Made by `python3 build.py extension` from site/content/embed.toml and the engine. Don't edit it here.

return {
  ["version"] = "0.1.0",
  ["en"] = {
    ["drawn"] = "",
    ["painted"] = "",
    ["open"] = "Open the lab",
    ["1"] = {
      ["figure"] = "1",
      ["title"] = "The KV-Cache Memory Wall, Act I: the memory wall",
      ["caption"] = "How many users fit beside the weights of Llama-3-70B? Commit a prediction, then move the sliders and let the physics answer.",
      ["alt"] = "8 columns, one for each GPU, each 80 GiB high. The weights of Llama-3-70B fill the lowest 16.4 GiB of each. The rest has a question mark: how many users’ keys and values does it hold?",
    },
    ["2"] = {
      ["figure"] = "2",
      ["title"] = "The KV-Cache Memory Wall, Act II: latency against throughput",
      ["caption"] = "Choose batch size and scheduling for an assistant and for a night’s documents. Break both, mend both, and see what it costs.",
      ["alt"] = "Stacked bars. A step with 1 request takes 11.5 ms, a step with 64 requests 18.6 ms. Reading the weights is the largest part of a small batch’s step and nearly the same in each; reading keys and values grows with the batch.",
    },
    ["all"] = {
      ["figure"] = "1",
      ["title"] = "The KV-Cache Memory Wall",
      ["caption"] = "An interactive lab in two acts: how many users a cluster holds, and what latency costs. Predict, experiment, design, keep the record.",
      ["alt"] = "8 columns, one for each GPU, each 80 GiB high. The weights of Llama-3-70B fill the lowest 16.4 GiB of each. The rest has a question mark: how many users’ keys and values does it hold?",
    },
  },
  ["de"] = {
    ["drawn"] = "de/",
    ["painted"] = "de/",
    ["open"] = "Das Lab öffnen",
    ["1"] = {
      ["figure"] = "1",
      ["title"] = "Die Speicherwand des KV-Caches, Akt I: die Speicherwand",
      ["caption"] = "Wie viele Nutzer passen neben die Gewichte von Llama-3-70B? Lege eine Vorhersage fest, bewege dann die Regler und lass die Physik antworten.",
      ["alt"] = "8 Säulen, eine je GPU, jede 80 GiB hoch. Die Gewichte von Llama-3-70B füllen die untersten 16,4 GiB. Im Rest steht ein Fragezeichen: Schlüssel und Werte wie vieler Nutzer fasst er?",
    },
    ["2"] = {
      ["figure"] = "2",
      ["title"] = "Die Speicherwand des KV-Caches, Akt II: Latenz gegen Durchsatz",
      ["caption"] = "Wähle Batchgröße und Ablaufplanung für einen Assistenten und für die Dokumente einer Nacht. Bring beide zum Scheitern, repariere beide und sieh, was es kostet.",
      ["alt"] = "Gestapelte Balken. Ein Schritt mit 1 Anfrage dauert 11,5 ms, einer mit 64 Anfragen 18,6 ms. Das Lesen der Gewichte ist der größte Teil eines kleinen Batches und fast immer gleich; das Lesen von Schlüsseln und Werten wächst mit dem Batch.",
    },
    ["all"] = {
      ["figure"] = "1",
      ["title"] = "Die Speicherwand des KV-Caches",
      ["caption"] = "Ein interaktives Lab in zwei Akten: wie viele Nutzer ein Cluster fasst, und was Latenz kostet. Vorhersagen, erkunden, entwerfen, aufzeichnen.",
      ["alt"] = "8 Säulen, eine je GPU, jede 80 GiB hoch. Die Gewichte von Llama-3-70B füllen die untersten 16,4 GiB. Im Rest steht ein Fragezeichen: Schlüssel und Werte wie vieler Nutzer fasst er?",
    },
  },
  ["es"] = {
    ["drawn"] = "es/",
    ["painted"] = "es/",
    ["open"] = "Abrir el laboratorio",
    ["1"] = {
      ["figure"] = "1",
      ["title"] = "El muro de memoria de la caché KV, Acto I: el muro de memoria",
      ["caption"] = "¿Cuántos usuarios caben junto a los pesos de Llama-3-70B? Confirma una predicción, luego mueve los controles y deja que responda la física.",
      ["alt"] = "8 columnas, una por GPU, de 80 GiB de alto cada una. Los pesos de Llama-3-70B llenan los 16.4 GiB de abajo. El resto lleva un signo de interrogación: ¿las claves y los valores de cuántos usuarios caben ahí?",
    },
    ["2"] = {
      ["figure"] = "2",
      ["title"] = "El muro de memoria de la caché KV, Acto II: latencia contra throughput",
      ["caption"] = "Elige tamaño de lote y planificación para un asistente y para los documentos de una noche. Haz fallar ambos, repara ambos y mira cuánto cuesta.",
      ["alt"] = "Barras apiladas. Un paso con 1 solicitud tarda 11.5 ms, uno con 64 solicitudes 18.6 ms. Leer los pesos es la mayor parte del paso de un lote pequeño y casi igual en todos; leer claves y valores crece con el lote.",
    },
    ["all"] = {
      ["figure"] = "1",
      ["title"] = "El muro de memoria de la caché KV",
      ["caption"] = "Un laboratorio interactivo en dos actos: cuántos usuarios caben en un clúster y cuánto cuesta la latencia. Predecir, explorar, diseñar, registrar.",
      ["alt"] = "8 columnas, una por GPU, de 80 GiB de alto cada una. Los pesos de Llama-3-70B llenan los 16.4 GiB de abajo. El resto lleva un signo de interrogación: ¿las claves y los valores de cuántos usuarios caben ahí?",
    },
  },
  ["zh"] = {
    ["drawn"] = "zh/",
    ["painted"] = "zh/",
    ["open"] = "打开实验",
    ["1"] = {
      ["figure"] = "1",
      ["title"] = "KV 缓存的显存墙，第一幕：显存墙",
      ["caption"] = "Llama-3-70B 的权重旁边还能放下多少用户？先提交预测，再拖动滑块，让物理来回答。",
      ["alt"] = "8 根柱子，每张 GPU 一根，每根高 80 GiB。Llama-3-70B 的权重占满每根底部的 16.4 GiB。其余部分画着一个问号：能存放多少用户的键和值？",
    },
    ["2"] = {
      ["figure"] = "2",
      ["title"] = "KV 缓存的显存墙，第二幕：延迟与吞吐量",
      ["caption"] = "为助手和夜间的文档选择批大小和调度。把两边都弄垮，再都修好，看看代价是什么。",
      ["alt"] = "堆叠柱形图。1 个请求的一步需要 11.5 ms，64 个请求的一步需要 18.6 ms。在小批的一步中，读权重占最大的一份，而且每步几乎相同；读键和值的部分随批增长。",
    },
    ["all"] = {
      ["figure"] = "1",
      ["title"] = "KV 缓存的显存墙",
      ["caption"] = "两幕互动实验：一个集群能放下多少用户，低延迟要付出什么代价。预测、试验、设计，并留下记录。",
      ["alt"] = "8 根柱子，每张 GPU 一根，每根高 80 GiB。Llama-3-70B 的权重占满每根底部的 16.4 GiB。其余部分画着一个问号：能存放多少用户的键和值？",
    },
  },
}
