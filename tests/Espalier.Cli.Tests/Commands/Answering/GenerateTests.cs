using Espalier.Tests;

namespace Espalier.Cli.Tests.Commands.Answering;

public sealed class GenerateTests : TorchTest
{
    [Fact]
    public void Ids_are_continued_greedily_as_transformers_does_beyond_the_end_of_a_text()
    {
        using var golden = JsonDocument.Parse(File.ReadAllText(Fixtures.Golden("quickstart-teacher", "golden.json")));
        var expected = golden.RootElement.GetProperty("greedy_200_from_bos").EnumerateArray().Select(id => id.GetInt32()).ToArray();
        Assert.Contains(4081, expected[..^1]);
        var result = Verb.Json($"generate {Verb.Teacher} --ids 4080 --greedy --max-tokens {expected.Length - 1} --threads 1");
        Verb.HasFields(result, "ids text prompt_tokens stopped_by prompt_seconds weights tokens_per_second");
        Assert.Equal(expected[1..], result.GetProperty("ids").EnumerateArray().Select(id => id.GetInt32()));
        Assert.StartsWith("Once upon a time", result.GetProperty("text").GetString());
        Assert.Equal("max-tokens", result.GetProperty("stopped_by").GetString());
    }

    [OutsideFact("models/stories260K")]
    public void Stories_are_continued_as_llama_cpp_does()
    {
        using var golden = JsonDocument.Parse(File.ReadAllText(Fixtures.Outside("oracles", "stories260K", "stories260K_greedy200.json")));
        var expected = golden.RootElement.GetProperty("ids").EnumerateArray().Select(id => id.GetInt32()).ToArray();
        var result =
            Verb.Json($"generate {Fixtures.Outside("models", "stories260K")} --ids {expected[0]} --greedy --max-tokens 200 --threads 1");
        Assert.Equal(expected[1..], result.GetProperty("ids").EnumerateArray().Select(id => id.GetInt32()));
    }

    [Fact]
    public void Text_streams_to_stdout_and_is_that_of_the_json()
    {
        var line = $"generate {Verb.Teacher} --prompt Once --greedy --max-tokens 12 --threads 1";
        var (code, output, error) = TestCommand.Launch(line);
        Assert.Equal(0, code);
        var json = Verb.Json(line);
        Assert.Equal(json.GetProperty("text").GetString() + "\n", output);
        Assert.StartsWith("12 tokens", error);
        Assert.True(json.GetProperty("prompt_tokens").GetInt32() > 1);
    }

    [Fact]
    public void A_prompt_that_brings_its_own_bos_is_warned_of_and_continued_as_transformers_does()
    {
        var (code, _, error) =
            TestCommand.Launch($"generate {Verb.Teacher} --prompt <|begin_of_text|>Once --greedy --max-tokens 2 --threads 1");
        Assert.Equal(0, code);
        Assert.Contains("warning: --prompt begins with the tokenizer's own BOS, and another one is added before it", error);
    }

    [Fact]
    public void Text_ends_with_its_end()
    {
        // The greedy text from BOS ends at its 135th token.
        var ended = Verb.Json($"generate {Verb.Teacher} --prompt Once --greedy --max-tokens 300 --threads 1");
        Assert.Equal("eos", ended.GetProperty("stopped_by").GetString());
        Assert.Equal(4081, ended.GetProperty("ids").EnumerateArray().Last().GetInt32());
        Assert.DoesNotContain("<|", ended.GetProperty("text").GetString());
    }

    [Fact]
    public void Weights_of_bf16_are_the_bundled_teachers_own_and_int8_ones_are_near_them()
    {
        JsonElement Made(string options) =>
            Verb.Json($"generate {Verb.Teacher} --prompt Once --greedy --max-tokens 30 --threads 1 {options}");
        string Ids(string options) => Made(options).GetProperty("ids").ToString();
        Assert.Equal("bf16", Made("").GetProperty("weights").GetString());
        Assert.Equal(Ids("--weights float32"), Ids(""));
        Assert.Equal(Ids("--weights f32"), Ids("--weights bfloat16"));
        Assert.Equal("int8", Made("--weights int8").GetProperty("weights").GetString());
        Assert.Equal(Made("").GetProperty("ids")[0].GetInt32(), Made("--weights int8").GetProperty("ids")[0].GetInt32());
    }

    [Fact]
    public void Several_prompts_get_what_each_gets_alone()
    {
        const string Options = "--temperature 0.8 --max-tokens 20 --threads 1";
        var together = Verb.Json($"generate {Verb.Teacher} --prompt Once --prompt Then --prompt He --batch 2 --seed 5 {Options}");
        Verb.HasFields(together, "continuations seconds tokens_per_second weights");
        var each = together.GetProperty("continuations").EnumerateArray().ToArray();
        foreach (var (one, i) in new[] { "Once", "Then", "He" }.Select((one, i) => (one, i)))
        {
            var alone = Verb.Json($"generate {Verb.Teacher} --prompt {one} --seed {5 + i} {Options}");
            Verb.HasFields(each[i], "prompt seed ids text prompt_tokens stopped_by");
            Assert.Equal(one, each[i].GetProperty("prompt").GetString());
            foreach (var field in (string[])["ids", "text", "prompt_tokens", "stopped_by"])
                Assert.Equal(alone.GetProperty(field).ToString(), each[i].GetProperty(field).ToString());
        }
        var (code, output, error) = TestCommand.Launch($"generate {Verb.Teacher} --prompt Once --prompt Then --seed 5 {Options}");
        Assert.Equal(0, code);
        Assert.StartsWith($"Once{each[0].GetProperty("text").GetString()}\n\nThen{each[1].GetProperty("text").GetString()}\n", output);
        Assert.StartsWith("2 prompts, ", error);
    }

    [Fact]
    public void Samples_are_what_their_seeds_give_alone()
    {
        const string Options = "--temperature 0.9 --max-tokens 16 --threads 1";
        var each = Verb.Json($"generate {Verb.Teacher} --prompt Once --prompt Then --samples 3 --batch 4 --seed 5 {Options}")
            .GetProperty("continuations").EnumerateArray().ToArray();
        Assert.Equal(["Once", "Once", "Once", "Then", "Then", "Then"], each.Select(one => one.GetProperty("prompt").GetString()));
        Assert.Equal([5, 6, 7, 8, 9, 10], each.Select(one => one.GetProperty("seed").GetInt32()));
        Assert.Equal(6, each.Select(one => one.GetProperty("ids").ToString()).Distinct().Count());
        foreach (var one in each)
            Assert.Equal(one.GetProperty("text").GetString(),
                Verb.Json($"generate {Verb.Teacher} {one.GetProperty("prompt")} --seed {one.GetProperty("seed")} {Options}")
                    .GetProperty("text").GetString());
        var ids = Verb.Json($"generate {Verb.Tiny} --ids 1,2 --samples 2 --temperature 2 --max-tokens 5 --threads 1")
            .GetProperty("continuations");
        Assert.Equal(2, ids.GetArrayLength());
        Assert.False(ids[0].TryGetProperty("prompt", out _));
        Assert.False(ids[0].TryGetProperty("text", out _));
    }

    [Fact]
    public void A_stop_string_ends_the_text_alone_and_among_others()
    {
        var line = $"generate {Verb.Teacher} Once --greedy --max-tokens 40 --threads 1";
        var whole = Verb.Json(line).GetProperty("text").GetString()!;
        // A blank with what stands beside it: the string spans two tokens.
        var at = whole.IndexOf(' ', 30) - 1;
        string Json(params string[] more)
        {
            var (code, output, error) = TestCommand.LaunchWith([.. line.Split(' '), "--json", .. more]);
            Assert.True(code == 0, error);
            return output;
        }
        using var alone = JsonDocument.Parse(Json("--stop", whole.Substring(at, 3), "--stop", "never said"));
        var expected = whole[..whole.IndexOf(whole.Substring(at, 3), StringComparison.Ordinal)];
        Assert.Equal((expected, "stop"), (alone.RootElement.GetProperty("text").GetString(),
            alone.RootElement.GetProperty("stopped_by").GetString()));
        Assert.InRange(alone.RootElement.GetProperty("ids").GetArrayLength(), 1, 39);
        using var among = JsonDocument.Parse(Json("--prompt", "Then", "--stop", whole.Substring(at, 3)));
        Assert.Equal(expected, among.RootElement.GetProperty("continuations")[0].GetProperty("text").GetString());
        Assert.Equal("stop", among.RootElement.GetProperty("continuations")[0].GetProperty("stopped_by").GetString());
        var (_, shown, _) = TestCommand.LaunchWith([.. line.Split(' '), "--stop", whole.Substring(at, 3)]);
        Assert.Equal(expected + "\n", shown);
    }

    [Fact]
    public void A_message_is_what_the_template_writes_of_it()
    {
        const string Options = "--greedy --max-tokens 12 --threads 1 --json";
        var (_, asked, error) = TestCommand.LaunchWith(["generate", Verb.Teacher, "Who are you?", "--chat", .. Options.Split(' ')]);
        Assert.Empty(error);
        // BOS stands once: that of the template is the tokenizer's.
        var (_, written, _) = TestCommand.LaunchWith(["generate", Verb.Teacher, "<|start_header_id|>user<|end_header_id|>\n\nWho are you?"
            + "<|eot_id|><|start_header_id|>assistant<|end_header_id|>\n\n", .. Options.Split(' ')]);
        using JsonDocument one = JsonDocument.Parse(asked), other = JsonDocument.Parse(written);
        foreach (var field in (string[])["prompt_tokens", "ids", "text", "stopped_by"])
            Assert.Equal(other.RootElement.GetProperty(field).ToString(), one.RootElement.GetProperty(field).ToString());
    }

    [Fact]
    public void Min_p_of_one_leaves_the_likeliest()
    {
        string Ids(string options) =>
            Verb.Json($"generate {Verb.Tiny} --ids 1,2 --max-tokens 16 --threads 1 {options}").GetProperty("ids").ToString();
        Assert.Equal(Ids("--greedy"), Ids("--temperature 2 --min-p 1 --seed 3"));
        Assert.NotEqual(Ids("--greedy"), Ids("--temperature 2 --min-p 0.01 --seed 3"));
    }

    [Fact]
    public void The_same_seed_gives_the_same_ids()
    {
        string Ids(int seed) => Verb.Json($"generate {Verb.Tiny} --ids 1,2 --temperature 2 --max-tokens 16 --seed {seed} --threads 1")
            .GetProperty("ids").ToString();
        Assert.Equal(Ids(1), Ids(1));
        Assert.NotEqual(Ids(1), Ids(2));
    }

    [Theory]
    [InlineData("""{"do_sample":false,"temperature":0.6,"top_p":0.9}""", "", "--greedy")]
    [InlineData("""{"do_sample":false,"temperature":2.5,"top_k":9}""", "--temperature 2 --seed 3", "--temperature 2 --top-k 9 --seed 3")]
    [InlineData("""{"do_sample":false}""", "--top-k 5 --seed 3", "--temperature 1 --top-k 5 --seed 3")]
    [InlineData("""{"do_sample":true,"temperature":2.5,"top_k":9}""", "--seed 3", "--temperature 2.5 --top-k 9 --seed 3")]
    [InlineData("""{"do_sample":true,"temperature":2.5,"min_p":1}""", "--seed 3", "--greedy")]
    [InlineData("""{"repetition_penalty":1.7,"do_sample":false}""", "", "--greedy --repetition-penalty 1.7")]
    [InlineData("""{"repetition_penalty":1.7}""", "--greedy", "--greedy --repetition-penalty 1.7")]
    [InlineData("""{"repetition_penalty":1.7}""", "--greedy --repetition-penalty 1", "--greedy")]
    [InlineData("""{"repetition_penalty":1.7,"temperature":3}""", "--seed 4", "--temperature 3 --repetition-penalty 1.7 --seed 4")]
    public void Generation_config_is_followed_and_options_override_it(string file, string given, string meant)
    {
        using var folder = new TemporaryFolder();
        var (model, bare) =
            (Verb.Copy(Verb.Tiny, Path.Combine(folder.Path, "model")), Verb.Copy(Verb.Tiny, Path.Combine(folder.Path, "bare")));
        File.WriteAllText(Path.Combine(model, "generation_config.json"), file);
        File.Delete(Path.Combine(bare, "generation_config.json"));
        string Ids(string folder, string options) =>
            Verb.Json($"generate {folder} --ids 1,2,3 {options} --max-tokens 24 --threads 1").GetProperty("ids").ToString();
        Assert.Equal(Ids(bare, meant), Ids(model, given));
        if (file.Contains("repetition", StringComparison.Ordinal) && meant.Contains("repetition", StringComparison.Ordinal))
            Assert.NotEqual(Ids(bare, meant.Replace("1.7", "1", StringComparison.Ordinal)), Ids(model, given));
    }

    [Theory]
    [InlineData("""{"no_repeat_ngram_size":3,"num_beams":4,"typical_p":0.9,"top_k":50}""", "--greedy",
        "ignored settings: no_repeat_ngram_size 3, num_beams 4")]
    [InlineData("""{"no_repeat_ngram_size":0,"num_beams":1,"typical_p":0.9,"bad_words_ids":null}""", "", "ignored settings: typical_p 0.9")]
    [InlineData("""{"no_repeat_ngram_size":0,"num_beams":1,"typical_p":0.9,"suppress_tokens":[]}""", "--greedy", null)]
    public void What_is_not_followed_is_named(string file, string options, string? warning)
    {
        using var folder = new TemporaryFolder();
        var model = Verb.Copy(Verb.Tiny, Path.Combine(folder.Path, "model"));
        File.WriteAllText(Path.Combine(model, "generation_config.json"), file);
        var (code, _, error) = TestCommand.Launch($"generate {model} --ids 1 {options} --max-tokens 1 --threads 1");
        Assert.Equal(0, code);
        Assert.Equal(warning is not null, error.Contains("warning:", StringComparison.Ordinal));
        Assert.Contains(warning is null ? "1 token" : $"{warning}\n", error);
    }

    [Fact]
    public void Without_a_tokenizer_ids_are_printed()
    {
        var line = $"generate {Verb.Tiny} --ids 1,2 --greedy --max-tokens 3 --threads 1";
        var json = Verb.Json(line);
        Assert.False(json.TryGetProperty("text", out _));
        Assert.Equal(string.Join(',', json.GetProperty("ids").EnumerateArray()) + "\n", TestCommand.Launch(line).Output);
    }

    [Fact]
    public void Of_several_prompts_the_one_that_is_too_long_is_named()
    {
        var words = string.Concat(Enumerable.Repeat("word ", 600));
        var (code, _, error) = TestCommand.LaunchWith("generate", Verb.Teacher, "--prompt", "Once", "--prompt", words);
        Assert.Equal(2, code);
        Assert.Contains("prompt 2 of 2, 'word word", error);
        Assert.Contains("but the model has 512 positions: shorten it", error);
        (_, _, error) = TestCommand.LaunchWith("generate", Verb.Teacher, "--prompt", words);
        Assert.Contains("error: the prompt has", error);
    }

    [Theory]
    [InlineData("--ids 1,128", "128")]
    [InlineData("", "--prompt")]
    [InlineData("--ids 1 --prompt a", "--ids")]
    [InlineData("--prompt a", "tokenizer.json")]
    [InlineData("--ids 1 --greedy --top-k 3", "--top-k")]
    [InlineData("--ids 1 --top-p 2", "top-p")]
    [InlineData("--ids 1 --greedy --min-p 0.1", "--min-p")]
    [InlineData("--ids 1 --min-p 2", "min-p is 2")]
    [InlineData("--ids 1 --chat", "--chat and --ids")]
    [InlineData("--ids 1 --stop x", "--stop")]
    [InlineData("--ids 1 --greedy --samples 2", "--samples is 2, but decoding is greedy")]
    [InlineData("--ids 1 --samples 0", "--samples is 0")]
    [InlineData("--ids 1 --repetition-penalty 0", "repetition-penalty is 0")]
    [InlineData("--ids 1 --repetition-penalty 0.001", "repetition-penalty is 0.001; it must be a number from 0.01 and at most 1000000")]
    [InlineData("--ids 1 --temperature -1", "temperature")]
    [InlineData("--ids 1 --temperature hot", "hot")]
    [InlineData("--ids 1 --weights int4", "--weights: int4 is not known")]
    [InlineData("--ids 1 --batch 0", "--batch is 0")]
    [InlineData("--ids 1 --max-tokens -3", "--max-tokens is -3")]
    [InlineData("--ids 1 --max-tokens 3 --threads 0", "--threads is 0")]
    public void Wrong_input_is_one_line(string arguments, string named) =>
        Assert.Contains(named, Verb.Refused($"generate {Verb.Tiny} {arguments}"));
}
