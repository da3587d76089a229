using Espalier.Models;
using Espalier.Models.Checkpoints;
using Espalier.Models.Runtimes;

namespace Espalier.Tests.Runtimes;

/// <summary>What other programs read out of a config.json that pruning has changed.</summary>
public sealed class PreflightTests : TorchTest
{
    public static TheoryData<string> Families =>
        [.. Directory.GetDirectories(Fixtures.Golden("families")).Select(folder => Path.GetFileName(folder)).Order()];

    [Theory, MemberData(nameof(Families))]
    public void Transformers_reads_every_family_back_whatever_is_cut(string family)
    {
        using var model = Checkpoint.Open(Fixtures.Golden("families", family));
        // The head of a tied Nemotron-H is a fault of its own, whatever is cut.
        string[] known = family == "nemotron-h-tied" ? [Transformers.RandomHead] : [];
        Assert.Equal(known, Findings(model, model.Config, "transformers"));
        var cut = model.Config with { HiddenSize = model.Config.HiddenSize / 2 };
        // The norms of queries and keys are as wide as the stream there; LongRoPE's factors are counted by the quotient, and StableLM's
        // heads are as wide as it says.
        if (family is "olmoe" or "phi4-longrope" or "stablelm")
            cut = cut with { QueryHeads = cut.QueryHeads / 2, KeyValueHeads = cut.KeyValueHeads / 2 };
        Assert.Equal(known, Findings(model, cut, "transformers"));
    }

    [Fact]
    public void Transformers_ties_no_head_of_Nemotron_H_and_that_is_said()
    {
        using Checkpoint tied = Checkpoint.Open(Fixtures.Golden("families/nemotron-h-tied")),
            untied = Checkpoint.Open(Fixtures.Golden("families/nemotron-h")),
            llama = Checkpoint.Open(Fixtures.Golden("families/llama-3.2-tied"));
        Assert.Contains("whatever tie_word_embeddings says, and creates a random one",
            Assert.Single(Findings(tied, tied.Config, "transformers")), StringComparison.Ordinal);
        Assert.Empty(Findings(tied, tied.Config, "transformers before 5"));
        foreach (var model in (Checkpoint[])[untied, llama])
            Assert.Empty(Findings(model, model.Config, "transformers"));
    }

    [Fact]
    public void Cuts_of_linear_attention_that_llama_cpp_cannot_run_are_found()
    {
        using var model = Checkpoint.Open(Fixtures.Golden("families/qwen3-5"));
        var regular = model.Config with
        {
            Layers = 3,
            LayerKinds = LayerKinds.Of([model.Config.LayerKinds[0], model.Config.LayerKinds[0], model.Config.LayerKinds[0]]),
            Delta = model.Config.Delta with { HeadDim = 12 },
        };
        Assert.Empty(Findings(model, regular, "llama.cpp"));
        Assert.Contains("linear_value_head_dim is 7 while linear_key_head_dim is 12: cut linear-value-heads",
            Assert.Single(Findings(model, regular with { Delta = regular.Delta with { HeadDim = 7 } }, "llama.cpp")),
            StringComparison.Ordinal);
        var irregular = model.Config with { Delta = regular.Delta };
        Assert.Contains("its converter uses full_attention_interval (4 if absent)",
            Assert.Single(Findings(model, irregular, "llama.cpp")), StringComparison.Ordinal);
        Assert.Empty(Findings(model, irregular, "transformers"));
        Assert.Equal(["they do not support the family: use release 5"], Findings(model, irregular, "transformers before 5"));
    }

    [Fact]
    public void StableLMs_heads_are_as_wide_as_the_quotient_whatever_head_dim_says()
    {
        using var model = Checkpoint.Open(Fixtures.Golden("families/stablelm"));
        foreach (var program in (string[])["transformers", "transformers before 5", "vLLM", "llama.cpp"])
            Assert.Contains(Findings(model, model.Config with { HiddenSize = 48 }, program),
                finding => finding.Contains("[64, 48] and would be read as [48, 48] (head_dim 12)", StringComparison.Ordinal));
    }

    [Fact]
    public void The_config_class_of_Phi_3_counts_factors_by_the_quotient_of_width_and_heads()
    {
        using var model = Checkpoint.Open(Fixtures.Golden("families/phi4-longrope"));
        foreach (var release in (string[])["transformers", "transformers before 5"])
            Assert.Contains("hidden_size 48 / num_attention_heads 4, whatever head_dim says, but there are 6",
                Assert.Single(Findings(model, model.Config with { HiddenSize = 48 }, release)), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("llama-3.1")]
    [InlineData("gemma2")]
    [InlineData("gemma3")]
    [InlineData("qwen3", false)]
    public void A_width_that_heads_do_not_divide_is_refused_by_some_classes_of_transformers_5(string family, bool refuses = true)
    {
        using var model = Checkpoint.Open(Fixtures.Golden("families", family));
        var odd = model.Config with { HiddenSize = 42 };
        string[] expected = refuses
            ? ["from release 5 its config class rejects a hidden_size of 42, which is not a multiple of num_attention_heads 4, whatever "
                + "head_dim says: keep a multiple"]
            : [];
        Assert.Equal(expected, Findings(model, odd, "transformers"));
        Assert.DoesNotContain(Findings(model, odd, "transformers before 5"),
            finding => finding.Contains("multiple", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("llama-3.1", "vLLM", null)]
    [InlineData("mistral", "vLLM", null)]
    [InlineData("qwen3", "vLLM", null)]
    [InlineData("nemotron", "vLLM", null)]
    [InlineData("qwen2", "vLLM",
        "self_attn.q_proj.weight is [48, 24] and would be read as [24, 24] (head_dim 6); its Qwen2, StarCoder2 and StableLM use "
            + "hidden_size")]
    [InlineData("llama-3.1", "llama.cpp", null)]
    [InlineData("qwen2", "llama.cpp", null)]
    [InlineData("nemotron", "llama.cpp",
        "6 of the 12 dimensions of a head are rotated, but llama.cpp would rotate 3; its converter derives Nemotron's rotary width and StableLM's heads from "
        + "hidden_size")]
    [InlineData("llama-3.1", "Ollama", "12 of the 12 dimensions of a head are rotated, but Ollama would rotate 6")]
    [InlineData("qwen3", "Ollama", null)]
    [InlineData("mistral", "Ollama", "does not know MistralForCausalLM: give Ollama a GGUF file")]
    public void A_cut_of_the_width_alone_is_found_where_a_program_derives_head_dim(string family, string program, string? expected)
    {
        using var model = Checkpoint.Open(Fixtures.Golden("families", family));
        var findings = Findings(model, model.Config with { HiddenSize = model.Config.HiddenSize / 2 }, program);
        if (expected is null)
            Assert.Empty(findings);
        else
            Assert.Contains(findings, finding => finding.Contains(expected, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("transformers", null)]
    [InlineData("transformers before 5",
        "transformers before 5 does not read rope_parameters and would use theta 10000.0 instead of 500000.0 with llama3 scaling")]
    [InlineData("vLLM", null)]
    [InlineData("llama.cpp", null)]
    [InlineData("Ollama", "Ollama does not read rope_parameters and would use theta 10000.0 instead of 500000.0 with llama3 scaling")]
    public void Programs_that_do_not_know_rope_parameters_are_named(string program, string? expected)
    {
        using var model = Checkpoint.Open(Fixtures.Golden("families", "llama-3.1"));
        var source = (JsonObject)model.RawConfig.DeepClone();
        var parameters = (JsonObject)source["rope_scaling"]!.DeepClone();
        parameters["rope_theta"] = source["rope_theta"]!.DeepClone();
        source.Remove("rope_theta");
        source.Remove("rope_scaling");
        source["rope_parameters"] = parameters;
        Assert.Empty(Findings(model, model.Config, program));
        var findings = Preflight.OfTarget(model.Family, model.Config, source).Single(verdict => verdict.Runtime == program).Findings;
        Assert.Equal(expected is not null, findings.Any(finding => finding.StartsWith(expected ?? "", StringComparison.Ordinal)));
    }

    [Fact]
    public void A_config_without_head_dim_is_found_where_it_is_not_the_quotient()
    {
        using var model = Checkpoint.Open(Fixtures.Golden("families", "qwen3"));
        var written = (JsonObject)model.RawConfig.DeepClone();
        written.Remove("head_dim");
        var verdict = Preflight.Of(model.Family, model.Config, written).Single(verdict => verdict.Runtime == "transformers");
        Assert.Contains("(head_dim 128)", verdict.Findings[0]);
    }

    [Theory]
    [InlineData(ElementType.F32)]
    [InlineData(ElementType.BF16)]
    [InlineData(ElementType.F16)]
    public void A_written_folder_computes_what_was_written_and_a_changed_one_does_not(ElementType stored)
    {
        var root = Directory.CreateTempSubdirectory("espalier-reload-");
        var folder = Path.Combine(root.FullName, "model");
        using var model = Checkpoint.Open(Fixtures.Golden("families", "qwen3"));
        CheckpointWriter.Write(folder, model.Config, model, stored, model);
        ReloadCheck.Require(model, folder, stored);

        var file = Path.Combine(folder, "model.safetensors");
        var bytes = File.ReadAllBytes(file);
        bytes[^1] ^= 0x40; // the highest bit of the last weight's exponent but one
        File.WriteAllBytes(file, bytes);
        Assert.Contains("a reload check failed",
            Assert.Throws<EspalierException>(() => ReloadCheck.Require(model, folder, stored)).Message);
        root.Delete(recursive: true);
    }

    private static IReadOnlyList<string> Findings(Checkpoint model, DecoderConfig config, string program) =>
        Preflight.OfTarget(model.Family, config, model.RawConfig).Single(verdict => verdict.Runtime == program).Findings;
}
