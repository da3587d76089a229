using Espalier.Pipeline.Recipes;

namespace Espalier.Tests.Recipes;

/// <summary>One canonical text for each meaning of a recipe, and another for each other meaning.</summary>
public sealed class CanonicalTextTests
{
    private const string Short = RecipeFileTests.Short;

    private static Recipe Parse(string text) => RecipeFile.Parse(text, "r.yaml");

    [Theory]
    [InlineData("evaluate: teacher-domain", "evaluate: [teacher-domain]")]
    [InlineData("export: gguf-q8_0", "export:\n  - gguf-q8_0")]
    [InlineData("score: { samples: 300k }", "score:\n  samples: 300000")]
    [InlineData("score: { method: activation }", "score: { samples: 256, batch: l2, sequence: mean, neurons: intermediate }")]
    [InlineData("distill: { steps: 9, learning-rate: 1e-3 to 1e-4 }",
        "distill: { steps: 9, learning-rate: 0.001, min-learning-rate: 0.0001 }")]
    [InlineData("distill: { steps: 9, learning-rate: 2e-3 }", "distill: { steps: 9, learning-rate: 0.002, min-learning-rate: 2e-4 }")]
    [InlineData("distill: { tokens: 2048 }", "distill: { steps: 1 }")]
    [InlineData("distill: { steps: 9, clip: 0 }", "distill: { steps: 9, clip: none }")]
    [InlineData("score: { batch-aggregation: mean, sequence-aggregation: l2 }", "score: { batch: mean, sequence: l2 }")]
    [InlineData("distill: { tokens: 2049, batch: 8 }", "distill: { steps: 2 }")]
    [InlineData("distill: { steps: 41, schedule: wsd, decay-steps: 5 }", "distill: { steps: 41, schedule: wsd }")]
    [InlineData("distill: { steps: 41, schedule: wsd, decay-steps: 10% }", "distill: { steps: 41, schedule: wsd }")]
    [InlineData("distill: { steps: 100, schedule: wsd, decay-steps: 7% }", "distill: { steps: 100, schedule: wsd, decay-steps: 7 }")]
    [InlineData("distill: { steps: 9, freeze: [layers 2-2, norms, norms] }", "distill: { steps: 9, freeze: [norms, layer 2] }")]
    [InlineData("distill: { steps: 9, lora-rank: none }", "distill: { steps: 9 }")]
    [InlineData("distill: { steps: 9, lora-rank: 4, lora-alpha: 4, lora-targets: [mlp, mamba, delta, attention] }",
        "distill: { steps: 9, lora-rank: 4 }")]
    [InlineData("align: { data: a, steps: 9, lora-rank: 4, lora-targets: [k_proj, q_proj, o_proj, v_proj] }",
        "align: { data: a, steps: 9, lora-rank: 4, lora-targets: attention }")]
    [InlineData("distill: never", "distill:")]
    [InlineData("correct: { steps: 2000, teacher-learning-rate: 3e-4 }",
        "correct: { steps: 2000, learning-rate: 6e-5 to 6e-6, warm-up: 120 }")]
    [InlineData("correct: { steps: 2000, teacher-learning-rate: 3e-4, min-learning-rate: 0 }",
        "correct: { steps: 2000, learning-rate: 6e-5 to 0, warm-up: 120 }")]
    [InlineData("correct: { steps: 99 }", "correct: { steps: 99, learning-rate: 2e-4 to 2e-5, warm-up: 9 }")]
    [InlineData("distill: { steps: 99 }", "distill: { steps: 99, warm-up: 10 }")]
    [InlineData("correct: { steps: 9 }", "correct: { steps: 9, when: always, mode: before }")]
    [InlineData("correct: auto\ndistill: { steps: 300 }", "correct: { when: auto, steps: 300, threshold: 0.1 }\ndistill: { steps: 300 }")]
    [InlineData("correct: { when: auto, batch: 4 }\ndistill: { steps: 300 }",
        "correct: { when: auto, steps: 600, batch: 4 }\ndistill: { steps: 300 }")]
    [InlineData("correct: { mode: parallel, teacher-learning-rate: 1e-3 }\ndistill: { steps: 9 }",
        "correct: { mode: parallel, learning-rate: 2e-4 }\ndistill: { steps: 9 }")]
    [InlineData("seed: 1", "seed: ~")]
    [InlineData("output: runs/a", "output: runs/b")]
    public void Two_spellings_of_one_meaning_have_one_canonical_text(string one, string other) =>
        Assert.Equal(RecipeFile.Canonical(Parse(Short + one)), RecipeFile.Canonical(Parse(Short + other)));

    [Theory]
    [InlineData("seed: 2")]
    [InlineData("distill: { steps: 9 }")]
    [InlineData("distill: { steps: 9, hidden: { final: true } }")]
    [InlineData("distill: { steps: 9, cache: { k: 3 } }")]
    [InlineData("correct: { steps: 9 }")]
    [InlineData("correct: { steps: 9, when: auto }")]
    [InlineData("correct: { steps: 9, when: auto, threshold: 0.2 }")]
    [InlineData("correct: { steps: 9, when: auto, reference: a.txt }")]
    [InlineData("distill: { steps: 9 }\ncorrect: { mode: parallel }")]
    [InlineData("distill: { steps: 9, schedule: constant }")]
    [InlineData("distill: { steps: 9, freeze: norms }")]
    [InlineData("score: { rounds: 2 }")]
    [InlineData("distill: { steps: 9, lora-rank: 4 }")]
    [InlineData("distill: { steps: 9, lora-rank: 4, lora-alpha: 8 }")]
    [InlineData("distill: { steps: 9, lora-rank: 4, lora-targets: mlp }")]
    [InlineData("cycles: auto\ndistill: { steps: 9 }")]
    [InlineData("cycles: { count: 3 }\ndistill: { steps: 9 }")]
    [InlineData("export: [hf, gguf-f16]")]
    [InlineData("evaluate: []")]
    [InlineData("score: { depth: lm-loss }")]
    [InlineData("score: { depth-samples: 9 }")]
    public void Another_meaning_has_another_canonical_text(string added) =>
        Assert.NotEqual(RecipeFile.Canonical(Parse(Short)), RecipeFile.Canonical(Parse(Short + added)));

    [Theory]
    [InlineData(Short)]
    [InlineData(RecipeFileTests.Full)]
    [InlineData(Short
        + "distill: { steps: 41, schedule: wsd, decay-steps: 7, freeze: [layers 0-3, head], layer-decay: 0.9, activation-checkpointing: "
        + "true, compute: auto, evaluate-every: 5, early-stopping: 3 }\ncorrect: { steps: 41, schedule: constant }")]
    [InlineData(Short
        + "correct: { steps: 4, lora-rank: 8 }\ndistill: { steps: 41, lora-rank: 16, lora-alpha: 32, lora-targets: [q_proj, mlp] }")]
    [InlineData("teacher: \"t é\"\ndata: { train: a.txt }\nprune: { plan: p.json }\ndistill: { loss: cross-entropy, steps: 3 }")]
    [InlineData(Short
        + "distill: { loss: 0.9*forward-kl + jensen-shannon(0.1), temperature: 2, temperature-squared: true, steps: 3, hidden: { layers: "
        + "[3:1, 5:2], attention: 1:1, embedding: true, distance: cosine, weight: 0.5 } }")]
    [InlineData(Short + "distill: { steps: 3, cache: { encoding: top-k-samples, k: 16, samples: 8 } }")]
    [InlineData(Short + "distill: { steps: 3, cache: { encoding: hidden } }")]
    [InlineData("teacher: t\ndata: { train: a.txt }\nprune: { hidden: 192, heads: 4, kv-heads: 2, multiple: 8, merge-heads: true }\nscore: { rounds: 3 }")]
    [InlineData("teacher: t\ndata: { train: a.txt }\nprune: { method: wanda, sparsity: 2:4 }")]
    [InlineData(Short + "cycles: auto\ndistill: { steps: 3 }")]
    [InlineData(Short + "cycles: { count: 2, teacher: previous }\ndistill: { steps: 3 }")]
    [InlineData(Short + "cycles: { shapes: [{ hidden: 224, layers: 7 }, { hidden: 208, multiple: 16 }] }\ndistill: { steps: 3 }")]
    [InlineData(Short + "correct: { when: auto, reference: b.txt, threshold: 0 }\ndistill: { steps: 20, batch: 2 }")]
    [InlineData(Short
        + "correct: { mode: parallel, when: auto, learning-rate: 3e-4 }\ndistill: { steps: 20, batch: 2, learning-rate: 1e-3 to 0 }")]
    [InlineData(Short + "score: { depth: task, task: items.jsonl, depth-samples: 3 }")]
    public void The_canonical_text_is_a_recipe_that_reads_back_as_the_same(string text)
    {
        var canonical = RecipeFile.Canonical(Parse(text));
        Assert.Equal(canonical, RecipeFile.Canonical(Parse(canonical)));
    }
}
