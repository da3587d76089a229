using System.Text;
using Espalier.Pipeline.Recipes;

namespace Espalier.Tests.Recipes;

public sealed class RecipeErrorTests
{
    private const string Short = "teacher: t\ndata: { train: a.txt }\nprune: { hidden: 192 }\n";

    private static string Refusal(string text) => Assert.ThrowsAny<EspalierException>(() => RecipeFile.Parse(text, "r.yaml")).Message;

    [Fact]
    public void All_keys_and_values_that_are_wrong_by_themselves_are_named_at_once_in_the_order_of_their_lines()
    {
        var refused = Assert.Throws<RecipeRefusedException>(() => RecipeFile.Parse("""
            teacher: t
            data:
              train: a.txt
              sequnce: 256
              held-out: 3
            distill:
              steps: 5
              batch: many
            prune:
              hidden: abc
            evaluate:
              - { task: mmlu, shot: 3 }
              - { mine: b.txt }
            seed: one
            """, "r.yaml"));
        Assert.Equal(
            [4, 5, 8, 10, 12, 14],
            refused.Problems.Select(problem => int.Parse(problem.Split(' ', ':')[2], CultureInfo.InvariantCulture)));
        Assert.Contains("there is no key data.sequnce: did you mean sequence?", refused.Problems[0]);
        Assert.Contains("distill.batch is many; it must be a whole number", refused.Problems[2]);
    }

    [Theory]
    [InlineData("teachr: t", "r.yaml, line 4: there is no key teachr: did you mean teacher?")]
    [InlineData("zzz: t", "r.yaml, line 4: there is no key zzz: use one of teacher, output,")]
    [InlineData("correct: { steps: 3,\n  warmup: 2 }", "r.yaml, line 5: there is no key correct.warmup: did you mean warm-up?")]
    [InlineData("correct: { steps: 3, loss: forward-kl }",
        "line 4: there is no key correct.loss: the teacher is always corrected with cross-entropy")]
    [InlineData("correct: { steps: 3, teacher-learning-rate: 1e-3, learning-rate: 1e-4 }",
        "line 4: correct.teacher-learning-rate is 1e-3; learning-rate is also given")]
    [InlineData("correct: { steps: 3, teacher-learning-rate: 0 }", "correct.teacher-learning-rate is 0; it must be a number above 0")]
    [InlineData("correct: sometimes",
        "correct is sometimes; it must be never or auto or a section: { when: ..., mode: ..., threshold: ... }")]
    [InlineData("correct: auto", "line 4: correct.steps is missing")]
    [InlineData("correct: { steps: 3, when: maybe }", "correct.when: maybe is not known. Known: always, auto")]
    [InlineData("correct: { steps: 3, mode: paralel }", "correct.mode: paralel is not known. Did you mean parallel?")]
    [InlineData("correct: { steps: 3, threshold: 0.1 }", "correct.threshold is 0.1; it is for when: auto")]
    [InlineData("correct: { steps: 3, reference: a.txt }", "correct.reference is a.txt; it is for when: auto")]
    [InlineData("correct: { steps: 3, when: auto, threshold: -1 }", "correct.threshold is -1; it must be a number from 0")]
    [InlineData("correct: { mode: parallel }", "correct.mode is parallel; it needs a distillation with a loss that uses the teacher")]
    [InlineData("correct: { mode: parallel }\ndistill: { steps: 3, loss: cross-entropy }",
        "correct.mode is parallel; it needs a distillation with a loss that uses the teacher")]
    [InlineData("correct: { mode: parallel, steps: 3 }\ndistill: { steps: 3 }",
        "correct.steps is 3; with mode: parallel the teacher is trained along with distill's steps")]
    [InlineData("correct: { mode: parallel, learning-rate: 1e-3 to 1e-5 }\ndistill: { steps: 3 }",
        "correct.learning-rate is 1e-3 to 1e-5; with mode: parallel the final rate follows")]
    [InlineData("distill: { steps: 3, teacher-learning-rate: 1e-3 }", "there is no key distill.teacher-learning-rate")]
    [InlineData("teacher: u", "line 4: teacher appears twice, first on line 1")]
    [InlineData("score: { samples: many }", "line 4: score.samples is many; it must be a whole number from 1")]
    [InlineData("score: { samples: 0 }", "score.samples is 0; it must be a whole number from 1")]
    [InlineData("score: { samples: 1.5 }", "score.samples is 1.5;")]
    [InlineData("score: { samples: [1] }", "score.samples is a list; it must be one value")]
    [InlineData("score: { batch: l3 }", "score.batch: l3 is not known. Did you mean l2? Known: l2, mean, variance")]
    [InlineData("score: 256", "score is 256; it must be a section: { samples: ..., batch: ..., sequence: ... }")]
    [InlineData("score: { method: gradients }",
        "score.method: gradients is not known. Known: activation, taylor, magnitude, redundancy, random")]
    [InlineData("score: { neurons: pre-activations }", "score.neurons: pre-activations is not known. Did you mean pre-activation?")]
    [InlineData("score: { method: taylor, batch: l2 }",
        "score.batch is l2; it is for activations, but score.method is taylor; leave it out")]
    [InlineData("score: { method: magnitude, neurons: intermediate }",
        "score.neurons is intermediate; it is for activations, but score.method is magnitude; leave it out")]
    [InlineData("score: { method: magnitude, samples: 64 }",
        "score.samples is 64; score.method is magnitude, which reads no text; leave it out")]
    [InlineData("seed: -1", "seed is -1; it must be a whole number from 0")]
    [InlineData("seed: 99999999999999999999999999999", "seed is 99999999999999999999999999999;")]
    [InlineData("distill: { loss: forward-kl }", "line 4: distill.steps is missing; give it, as in: steps: 120; or tokens: 1M")]
    [InlineData("distill: { steps: 3, tokens: 1M }", "distill.tokens is 1M; steps are also given;")]
    [InlineData("distill: { steps: 3, learning-rate: fast }", "distill.learning-rate is fast; it must be a number above 0")]
    [InlineData("distill: { steps: 3, learning-rate: 1e-4 to 1e-3 }", "the final rate 0.001 must not be above the peak 0.0001")]
    [InlineData("distill: { steps: 3, learning-rate: 1e-3 to 1e-4 to 1e-5 }", "distill.learning-rate")]
    [InlineData("distill: { steps: 3, learning-rate: 1e-3 to 1e-4, min-learning-rate: 1e-5 }",
        "distill.min-learning-rate is 1e-5; learning-rate already has a final rate;")]
    [InlineData("distill: { steps: 3, learning-rate: 1e999 }", "distill.learning-rate is 1e999;")]
    [InlineData("distill: { steps: 3, micro-batch: several }",
        "distill.micro-batch is several; it must be a whole number from 0 to 8, the batch, or auto")]
    [InlineData("distill: { steps: 3, lora-rank: full }",
        "distill.lora-rank is full; it must be a whole number from 1 to 65536 (300k and 1M are accepted), or none")]
    [InlineData("distill: { steps: 3, batch: 8, micro-batch: 9 }",
        "distill.micro-batch is 9; it must be a whole number from 0 to 8, the batch, or auto")]
    [InlineData("distill: { steps: 3, warm-up: 4 }", "distill.warm-up is 4; there are only 3 steps")]
    [InlineData("distill: { steps: 3, schedule: cosin }",
        "distill.schedule: cosin is not known. Did you mean cosine? Known: cosine, linear, wsd, constant")]
    [InlineData("distill: { steps: 30, decay-steps: 3 }",
        "distill.decay-steps is 3; it is for schedule: wsd, but the schedule is cosine")]
    [InlineData("distill: { steps: 30, schedule: wsd, decay-steps: 21 }",
        "distill.decay-steps is 21; only 20 of the 30 steps come after the warm-up")]
    [InlineData("distill: { steps: 30, schedule: wsd, decay-steps: 80% }", "only 20 of the 30 steps come after the warm-up")]
    [InlineData("distill: { steps: 30, schedule: wsd, decay-steps: 120% }", "distill.decay-steps is 120%; it must be a share")]
    [InlineData("distill: { steps: 3, schedule: constant, learning-rate: 1e-3 to 1e-4 }",
        "distill.learning-rate is 1e-3 to 1e-4; a constant schedule has no final rate;")]
    [InlineData("distill: { steps: 3, schedule: constant, min-learning-rate: 1e-4 }",
        "distill.min-learning-rate is 1e-4; a constant schedule has no final rate;")]
    [InlineData("distill: { steps: 3,\n freeze: [norms, embeding] }",
        "r.yaml, line 5: distill.freeze: unknown 'embeding'. Did you mean embedding? Known: embedding, head, norms, attention, "
            + "mamba, delta, mlp, layer N and layers N-M")]
    [InlineData("align: { data: a, steps: 3, batch: 4, replay: 10% }",
        "align.replay is 10%; it makes 0 of the 4 windows of a batch text, but at least one must be text")]
    [InlineData("align: { data: a, steps: 3, batch: 4, replay: 90% }", "align.replay is 90%; it makes 4 of the 4 windows of a batch text")]
    [InlineData("align: { data: a, method: dpo, steps: 3, replay: 25% }",
        "align.replay is 25%; it is for method: sft, but the method is dpo; leave it out")]
    [InlineData("distill: { steps: 3, lora-alpha: 3 }",
        "distill.lora-alpha is 3; it is for lora-rank, which is not given; add that or leave it out")]
    [InlineData("distill: { steps: 3, lora-rank: 0 }", "distill.lora-rank is 0")]
    [InlineData("distill: { steps: 3, lora-rank: 4, lora-targets: q_porj }",
        "distill.lora-targets: unknown 'q_porj'. Did you mean q_proj?")]
    [InlineData("correct: { mode: parallel, lora-rank: 4 }\ndistill: { steps: 3 }",
        "correct.lora-rank is 4; with mode: parallel the teacher is trained along with distill's steps")]
    [InlineData("distill: { steps: 3, freeze: layers 3-1 }", "distill.freeze: layers 3-1 end before they begin; write layers 1-3")]
    [InlineData("distill: { steps: 3, freeze: layers -1 }", "unknown 'layers -1'")]
    [InlineData("distill: { steps: 3, freeze: layers }", "unknown 'layers'")]
    [InlineData("distill: { steps: 3, freeze: { a: b } }", "distill.freeze is a map; it must be a text or a list of texts")]
    [InlineData("distill: { steps: 3, layer-decay: 1.1 }", "distill.layer-decay is 1.1; it must be a number above 0 and at most 1")]
    [InlineData("distill: { steps: 3, adam-epsilon: 0 }", "distill.adam-epsilon is 0; it must be a number above 0 and at most 1")]
    [InlineData("distill: { steps: 3, activation-checkpointing: yes }",
        "distill.activation-checkpointing is yes; it must be true or false")]
    [InlineData("distill: { steps: 3, compute: half }", "distill.compute: half is not known. Known: float32, bfloat16, auto, f32, bf16")]
    [InlineData("distill: { steps: 3, loss: kl }", "line 4: distill.loss: unknown loss 'kl'.")]
    [InlineData("distill: { steps: 3, loss: cross-entropy, temperature: 2 }",
        "distill.temperature is 2; the loss is cross-entropy, which has no temperature")]
    [InlineData("distill: { steps: 3, loss: mse-logits, temperature-squared: true }",
        "distill.temperature-squared is true; the loss is mse-logits, which has no temperature")]
    [InlineData("distill: { steps: 3, temperature: 0 }", "distill.temperature is 0; it must be a number above 0")]
    [InlineData("distill: { steps: 3, temperature-squared: yes }", "distill.temperature-squared is yes; it must be true or false")]
    [InlineData("distill: { steps: 3, hidden: { distance: mse } }",
        "hidden.layers is missing; give it, as in: hidden: { layers: 29:13, embedding: true }")]
    [InlineData("distill: { steps: 3, hidden: { layers: 29 } }", "hidden.layers: '29' is not a pair of layers; write TEACHER:STUDENT")]
    [InlineData("distill: { steps: 3, hidden: { layers: [29:13, x] } }", "hidden.layers: 'x' is not a pair of layers")]
    [InlineData("distill: { steps: 3, hidden: { final: true, weight: 0 } }", "hidden.weight is 0; it must be a number above 0, or dynamic")]
    [InlineData("distill: { steps: 3, cache: { encoding: hidden, k: 3 } }", "cache.k is 3; encoding hidden keeps no likeliest entries")]
    [InlineData("distill: { steps: 3, cache: { encoding: top-k, samples: 3 } }", "cache.samples is 3; encoding top-k samples nothing")]
    [InlineData("distill: { steps: 3, loss: cross-entropy, cache: { k: 3 } }",
        "distill.cache: the loss is cross-entropy, which needs no teacher")]
    [InlineData("distill: { steps: 3, loss: reverse-kl, cache: { k: 3 } }",
        "distill.cache: the loss is reverse-kl, which needs full distributions")]
    [InlineData("distill: { steps: 3, hidden: { final: true }, cache: { encoding: hidden } }",
        "distill.cache: the loss also compares hidden states")]
    [InlineData("distill: { steps: 3, early-stopping: 2 }",
        "distill.early-stopping is 2; it needs evaluations, but evaluate-every is 0")]
    [InlineData("distill: { steps: 3, clip: -1 }", "distill.clip is -1; it must be a number above 0 (0 never clips), or none")]
    [InlineData("score: { batch: l2, batch-aggregation: mean }",
        "score.batch-aggregation is another name for score.batch, which is also given; keep one of the two")]
    [InlineData("distill: { steps: 1000T }", "distill.steps is 1000T;")]
    [InlineData("distill: { steps: 3, betas: 0.9 }", "distill.betas is 0.9; it must be a number from 0 and below 1, two of them")]
    [InlineData("distill: { steps: 3, betas: [0.9, 1] }", "distill.betas is a list; it must be a number from 0 and below 1")]
    [InlineData("cycles: atuo\ndistill: { steps: 3 }",
        "cycles is atuo; it must be auto or a section: { count: ..., largest-cut: ..., teacher: ... }. Did you "
        + "mean auto?")]
    [InlineData("distill: auto", "distill is auto; it must be never or a section")]
    [InlineData("evaluate: heldout", "line 4: evaluate: heldout is not known. Did you mean held-out?")]
    [InlineData("evaluate: [{ held-out: a.txt }]", "held-out is the held-out part of data.train and takes no path")]
    [InlineData("evaluate: [{ a/b: a.txt }]", "a/b cannot name a text")]
    [InlineData("evaluate: [{ a: [b] }]", "evaluate: a must have one path")]
    [InlineData("evaluate: [held-out, held-out]", "evaluate: held-out appears twice")]
    [InlineData("export: gguf-q8", "export: gguf-q8 is not known. Did you mean gguf-q8_0?")]
    [InlineData("export: [hf, hf]", "hf appears twice")]
    [InlineData("output: &a x", "line 4: anchors, aliases and tags")]
    [InlineData("output: !!str x", "line 4: anchors, aliases and tags")]
    [InlineData("output: !mine x", "line 4: anchors, aliases and tags")]
    [InlineData("output: \"a", "not valid YAML")]
    [InlineData("output: [a\nseed: 1", "line 4: not valid YAML: something that begins there never ends; is a [, a { or a quote left open?")]
    [InlineData("score: { samples: 4\nseed: 1", "line 4: not valid YAML: something that begins there never ends")]
    [InlineData("---\nteacher: u", "line 4: a second document begins")]
    [InlineData("[a, b]: c", "line 4: a key must be a word")]
    public void What_is_wrong_in_a_recipe_is_named_with_its_line(string added, string expected) =>
    Assert.Contains(expected, Refusal(Short + added));

    [Theory]
    [InlineData("", "r.yaml: is empty")]
    [InlineData("# only this\n", "is empty")]
    [InlineData("- a\n- b", "r.yaml: is not a recipe")]
    [InlineData("teacher: a\ndata: { train: a, disk: \"\" }\nprune: { ffn: 1 }", "r.yaml, line 2: data.disk is ''; give a value, or "
        + "leave the key out")]
    [InlineData("teacher: a\ndata: { train: a, disk: [1] }\nprune: { ffn: 1 }",
        "r.yaml, line 2: data.disk is a list; it must be one value")]
    [InlineData("data: { train: a }\nprune: { ffn: 1 }", "teacher is missing; give it, as in: teacher: ")]
    [InlineData("teacher:\ndata: { train: a }\nprune: { ffn: 1 }", "teacher is missing")]
    [InlineData("teacher: [t]\ndata: { train: a }\nprune: { ffn: 1 }", "teacher is a list")]
    [InlineData("teacher: t\ndata: { train: a, documents: seperate }\nprune: { ffn: 1 }",
        "line 2: data.documents: seperate is not known. Did you mean separate? Known: cross, separate")]
    [InlineData("teacher: t\nprune: { ffn: 1 }", "data is missing; give it, as in: data: { train: ")]
    [InlineData("teacher: t\ndata: { sequence: 3 }\nprune: { ffn: 1 }", "line 2: data.train is missing")]
    [InlineData("teacher: t\ndata: { train: [] }\nprune: { ffn: 1 }", "data.train is a list; it must name at least one source")]
    [InlineData("teacher: t\ndata: { train: [[a]] }\nprune: { ffn: 1 }", "data.train must list texts")]
    [InlineData("teacher: t\ndata: { train: a, held-out: 100% }\nprune: { ffn: 1 }", "data.held-out is 100%; it must be a share")]
    [InlineData("teacher: t\ndata: { train: a }\nprune: { ffn: 3 }\ncycles: auto",
        "cycles: each cycle distils after pruning, but there is no distill")]
    [InlineData("teacher: t\ndata: { train: a }\nprune: { plan: p.json }\ncycles: auto\ndistill: { steps: 3 }",
        "cycles: prune.plan describes a single cut")]
    [InlineData("teacher: t\ndata: { train: a }\nprune: { ffn: 3 }\ncycles: { count: 2, largest-cut: 30% }\ndistill: { steps: 3 }",
        "cycles.largest-cut is 30%; it chooses the count")]
    [InlineData("teacher: t\ndata: { train: a }\nprune: { ffn: 3 }\ncycles: { count: 2, shapes: [{ ffn: 4 }] }\ndistill: { steps: 3 }",
        "cycles.count is 2; cycles.shapes already says")]
    [InlineData("teacher: t\ndata: { train: a }\nprune: { ffn: 3 }\ncycles: { shapes: [4] }\ndistill: { steps: 3 }",
        "cycles.shapes must list maps such as { hidden: ... }")]
    [InlineData("teacher: t\ndata: { train: a }\nprune: { ffn: 3 }\ncycles: { shapes: [{ fnn: 4 }] }\ndistill: { steps: 3 }",
        "there is no key shapes.fnn: did you mean ffn?")]
    [InlineData("teacher: t\ndata: { train: a }\nprune: { ffn: 3 }\ncorrect: { mode: parallel, learning-rate: 1e-3 }\ncycles: "
        + "auto\ndistill: { steps: 30 }", "cycles: correct.mode is parallel")]
    [InlineData("teacher: t\ndata: { train: a }\nprune: { ffn: 3, method: random }\nscore: { rounds: 2 }",
        "score: rounds is 2, but prune.method is random, which scores nothing")]
    [InlineData("teacher: t\ndata: { train: a }\nprune: { ffn: 3, method: random, merge-heads: true }",
        "prune.merge-heads is true; heads are merged in the order of their scores")]
    [InlineData("teacher: t\ndata: { train: a }\nprune: { experts: 3, method: random, merge-experts: true }",
        "prune.merge-experts is true; experts are merged by router statistics in the scores")]
    [InlineData("teacher: t\ndata: { train: a }\nprune: { ffn: 3 }\nalign: { data: a, method: dpo, steps: 3, router-balance: 0.01 }",
        "method is dpo, whose loss on pairs has no such term;")]
    [InlineData("teacher: t\ndata: { train: a }\nprune: { method: wanda, hidden: 3 }",
        "prune.hidden is 3; method wanda sets weights to zero and keeps the shape")]
    [InlineData("teacher: t\ndata: { train: a }\nprune: { method: magnitude, sparsity: 4:2 }", "'4:2' is not a sparsity")]
    [InlineData("teacher: t\ndata: { train: a }\nprune: { method: wanda }\ndistill: { steps: 3 }", "a comparison without training")]
    [InlineData("teacher: t\ndata: { train: a }\nprune: { hidden: 3, sparsity: 50% }",
        "prune.sparsity is 50%; it applies only to method: magnitude")]
    [InlineData("teacher: t\ndata: { train: a }", "prune is missing")]
    [InlineData("teacher: t\ndata: { train: a }\nprune: { method: random }", "prune.hidden is missing")]
    [InlineData("teacher: t\ndata: { train: a }\nprune: { plan: p.json, ffn: 3 }", "prune.ffn is 3; prune.plan already says what to keep;")]
    [InlineData("teacher: t\ndata: { train: a }\nprune: { hiden: 3 }", "line 3: there is no key prune.hiden: did you mean hidden?")]
    public void What_a_recipe_lacks_is_named(string text, string expected) => Assert.Contains(expected, Refusal(text));

    [Fact]
    public void Deep_and_growing_texts_are_refused_before_they_cost_anything()
    {
        Assert.Contains("levels deep", Refusal("teacher: " + new string('[', 400_000)));
        Assert.Contains("levels deep", Refusal(string.Concat(Enumerable.Range(0, 400).Select(i => new string(' ', i) + "a:\n"))));
        Assert.Contains("more than the limit of", Refusal(new string('a', RecipeFile.MaxBytes + 1)));
        Assert.Contains("anchors", Refusal("a: &a [x, x]\nb: &b [*a, *a]\nc: [*b, *b]"));
        Assert.Contains("there is no key", Refusal(string.Concat(Enumerable.Range(0, 90_000).Select(i => $"k{i}: 1\n"))));
        Assert.Contains("not valid YAML", Refusal(new string('k', 500_000) + ": 1"));
    }

    [Fact]
    public void Damaged_recipes_give_typed_errors_and_nothing_else()
    {
        var good =
            Encoding.UTF8.GetBytes(
                "teacher: t\ndata: { train: [a.txt, b], held-out: 2% }\ncorrect: { steps: 3, learning-rate: 1e-3 to 1e-4 }\nprune:\n  "
                    + "hidden: 192\nevaluate: [held-out, { a: \"b\" }]\n");
        var random = new Random(5);
        const string spice = "{}[]:,-&*!|>'\"%@`#?\n\t \0\r\\~=0aé\u2028\ud800";
        for (var round = 0; round < 4000; round++)
        {
            var text = new StringBuilder(Encoding.UTF8.GetString(good));
            for (var edit = random.Next(1, 6); edit > 0; edit--)
            {
                var at = random.Next(text.Length);
                switch (random.Next(3))
                {
                    case 0: text[at] = spice[random.Next(spice.Length)]; break;
                    case 1: text.Insert(at, spice[random.Next(spice.Length)]); break;
                    default: text.Remove(at, Math.Min(text.Length - at, random.Next(1, 9))); break;
                }
            }
            try
            {
                RecipeFile.Parse(text.ToString(), "r.yaml");
            }
            catch (EspalierException)
            {
            }
        }
    }

    [Fact]
    public void A_file_that_is_no_text_is_refused_by_name()
    {
        var path = Path.GetTempFileName();
        try
        {
            Assert.Contains($"{path}: is empty", Assert.Throws<EspalierException>(() => RecipeFile.Read(path)).Message);
            File.WriteAllBytes(path, [0x74, 0xff, 0xfe]);
            Assert.Contains($"{path}: is not UTF-8 text", Assert.Throws<EspalierException>(() => RecipeFile.Read(path)).Message);
        }
        finally
        {
            File.Delete(path);
        }
        Assert.Contains("not found", Assert.Throws<EspalierException>(() => RecipeFile.Read(path)).Message);
        Assert.Contains("is a folder", Assert.Throws<EspalierException>(() => RecipeFile.Read(Path.GetTempPath())).Message);
    }

    [Theory]
    [InlineData("smal.yaml", "did you mean", "small.yaml?")]
    [InlineData("medium", "did you mean", "recipes/medium.yaml?")]
    [InlineData("elephant.yaml", "not found; espalier init MODEL TEXT writes a recipe", "")]
    public void A_recipe_that_is_not_there_is_answered_with_the_one_that_may_be_meant(string name, string first, string last)
    {
        using var folder = new TemporaryFolder();
        Directory.CreateDirectory(folder.Of("recipes"));
        File.WriteAllText(folder.Of("small.yaml"), "");
        File.WriteAllText(folder.Of("recipes", "medium.yaml"), "");
        var message = Assert.Throws<EspalierException>(() => RecipeFile.Read(folder.Of(name))).Message;
        Assert.Contains(first, message, StringComparison.Ordinal);
        Assert.Contains(last, message, StringComparison.Ordinal);
        Assert.StartsWith($"{folder.Of(name)}: not found; ", message);
    }
}
