using Espalier.Pipeline.Runs;
using Espalier.Pipeline.Runs.Folders;

namespace Espalier.Tests.Runs;

/// <summary>Promise R20: nothing is replaced or deleted that no record of this run vouches for.</summary>
public sealed class OutputLedgerTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    private string Run => _folder.Of("run");

    private string Student => _folder.Of("run", "student");

    private string Gguf => _folder.Of("run", "student-f32.gguf");

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void What_this_run_wrote_is_replaced_and_so_is_what_is_left_of_it()
    {
        Publish("first");
        Publish("second");
        File.Delete(Path.Combine(Student, "config.json"));
        File.Delete(Gguf);
        Publish("third");
        Assert.Equal("third", File.ReadAllText(Path.Combine(Student, "model", "weights")));
        Assert.Equal("third", File.ReadAllText(Gguf));
        Assert.Equal(
            ["run/run.json", "run/run.lock", "run/student-f32.gguf", "run/student/config.json", "run/student/model/weights"],
            _folder.Files());
        var outputs = RunManifest.Load(Run)!.Outputs!;
        Assert.Equal(["student", "student-f32.gguf"], outputs.Select(output => output.Path));
        Assert.Equal(["config.json", "model/weights"], outputs[0].Files.Select(file => file.Name));
    }

    [Fact]
    public void All_that_a_lost_record_vouched_for_is_named_at_once()
    {
        using (var run = RunFolder.Open(Run))
        {
            run.WriteFile("report.html", stream => stream.Write("page"u8));
            run.WriteFile("results.json", stream => stream.Write("{}"u8));
        }
        File.WriteAllText(_folder.Of("run/run.json"), "{");
        string[] outputs = [_folder.Of("run/report.html"), _folder.Of("run/results.json")];
        Assert.Contains("delete it, and also report.html and results.json",
            Assert.ThrowsAny<EspalierException>(() => RunFolder.Check(Run, outputs)).Message, StringComparison.Ordinal);
        File.Delete(_folder.Of("run/run.json"));
        var error = Assert.Throws<EspalierException>(() => RunFolder.Check(Run, outputs)).Message;
        Assert.All(outputs, output => Assert.Contains($"{output} was not written by this run; ", error, StringComparison.Ordinal));
        Array.ForEach(outputs, File.Delete);
        RunFolder.Check(Run, outputs);
    }

    [UnprivilegedTheory]
    [InlineData("student/model/weights")]
    [InlineData("student-f32.gguf")]
    public void What_may_not_be_read_is_not_said_to_be_changed(string name)
    {
        Publish("first");
        File.SetUnixFileMode(_folder.Of("run", name), UnixFileMode.None);
        Refused("cannot be read (access is denied): make it readable");
        File.SetUnixFileMode(_folder.Of("run", name), UnixFileMode.UserRead | UnixFileMode.UserWrite);
        Publish("second");
    }

    [Theory]
    [InlineData("student/notes.txt", "notes.txt was not written by this run")]
    [InlineData("student/model/weights", "weights was changed since this run wrote it")]
    [InlineData("student-f32.gguf", "student-f32.gguf was changed since this run wrote it")]
    public void What_somebody_changed_or_added_is_refused_and_stays(string name, string words)
    {
        Publish("first");
        File.WriteAllText(_folder.Of("run", name), "mine, and precious");
        Refused(words);
        Assert.Equal("mine, and precious", File.ReadAllText(_folder.Of("run", name)));
        File.Delete(_folder.Of("run", name));
        Publish("second");
    }

    [Theory]
    [InlineData("student/config.json")]
    [InlineData("student/.hidden")]
    [InlineData("student-f32.gguf")]
    [InlineData("student")]
    [InlineData("student-f32.gguf/inside")]
    public void What_was_there_before_the_run_is_refused_and_stays(string name)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(_folder.Of("run", name))!);
        File.WriteAllText(_folder.Of("run", name), "mine");
        Refused("was not written by this run");
        Assert.Equal("mine", File.ReadAllText(_folder.Of("run", name)));
        Assert.Equal([$"run/{name}", "run/run.json", "run/run.lock"],
            _folder.Files().OrderBy(file => file.StartsWith("run/run.", StringComparison.Ordinal)));
    }

    [Theory]
    [InlineData("student")]
    [InlineData("student-f32.gguf")]
    public void A_link_in_the_place_of_an_output_is_refused_whatever_it_leads_to(string name)
    {
        Directory.CreateDirectory(Run);
        Directory.CreateDirectory(_folder.Of("elsewhere"));
        File.CreateSymbolicLink(_folder.Of("run", name), name == "student" ? _folder.Of("elsewhere") : _folder.Of("nowhere"));
        Refused("is a link to ");
        Assert.NotNull(new FileInfo(_folder.Of("run", name)).LinkTarget);
    }

    [Fact]
    public void What_a_killed_run_left_goes_though_its_record_is_lost()
    {
        Directory.CreateDirectory(Run);
        var guid = Guid.NewGuid().ToString("N");
        string[] left = [Leftovers.NameFor(Student), Leftovers.NameFor(Gguf), $"{Student}.tmp-999999999-{guid}"];
        foreach (var path in left)
            Directory.CreateDirectory(Path.Combine(path, "student"));
        // Of another output, and a name of somebody else's.
        string[] kept = [Leftovers.NameFor(_folder.Of("run", "teacher")), $"{Student}.tmp-notes"];
        foreach (var path in kept)
            Directory.CreateDirectory(path);
        Publish("first");
        Assert.All(left, path => Assert.False(Path.Exists(path), path));
        Assert.All(kept, path => Assert.True(Path.Exists(path), path));
    }

    [Fact]
    public void An_empty_folder_in_the_place_of_the_student_is_taken()
    {
        Directory.CreateDirectory(Student);
        Publish("first");
        Assert.NotEmpty(Directory.GetFiles(Student));
    }

    [Fact]
    public void What_comes_into_the_place_while_the_output_is_made_is_refused_and_stays()
    {
        using (var run = Open())
            Assert.Throws<EspalierException>(() => run.Publish([Student, Gguf], place =>
            {
                Make(place, "first");
                Directory.CreateDirectory(Student);
                File.WriteAllText(Path.Combine(Student, "notes"), "mine");
            }));
        Assert.Equal(["run/run.json", "run/run.lock", "run/student/notes"], _folder.Files());
    }

    [Theory]
    [InlineData(Fault.Kill)]
    [InlineData(Fault.PowerLossOfData)]
    [InlineData(Fault.PowerLossOfNames)]
    [InlineData(Fault.Error)]
    [InlineData(Fault.Full)]
    public void Death_before_any_act_of_replacing_outputs_leaves_what_the_next_start_knows_for_its_own(Fault fault)
    {
        var failed = true;
        for (var n = 0; failed; n++)
        {
            using var folder = new TemporaryFolder();
            var (student, gguf) = (folder.Of("student"), folder.Of("student-f32.gguf"));
            void Write(string text)
            {
                using var run = RunFolder.Open(folder.Path);
                run.Save(run.Manifest ?? Manifest());
                run.WriteFile("report.html", stream => stream.Write(System.Text.Encoding.UTF8.GetBytes(text)));
                run.Publish([student, gguf], place => Make(place, text));
            }
            Write("first");
            failed = Record.Exception(() => new FaultyLayer(n, fault).During(() => Write("second"))) is not null;
            Write("third");
            Assert.Equal("third", File.ReadAllText(Path.Combine(student, "model", "weights")));
            Assert.Equal(["report.html", "run.json", "run.lock", "student-f32.gguf", "student/config.json", "student/model/weights"],
                folder.Files());
        }
    }

    [Fact]
    public void A_run_folder_of_version_0_1_is_vouched_for_by_the_records_of_its_exports()
    {
        Version01();
        Publish("second");
        Assert.Equal("second", File.ReadAllText(Gguf));

        // And by these alone where run.json was deleted.
        Directory.Delete(Run, recursive: true);
        Version01();
        File.Delete(_folder.Of("run", "run.json"));
        Publish("second");
    }

    [Theory]
    [InlineData("student/config.json")]
    [InlineData("student/more")]
    [InlineData("student-f32.gguf")]
    public void What_was_changed_in_a_run_folder_of_version_0_1_is_refused(string name)
    {
        Version01();
        File.WriteAllText(_folder.Of("run", name), "mine");
        Refused("was not written by this run");
        Assert.Equal("mine", File.ReadAllText(_folder.Of("run", name)));
    }

    [Theory]
    [InlineData("recipe.yaml")]
    [InlineData("report.html")]
    public void The_records_of_version_0_1_are_replaced_and_other_files_of_their_names_are_not(string name)
    {
        Version01();
        Write(name, "new");
        Assert.Equal("new", File.ReadAllText(_folder.Of("run", name)));

        Directory.Delete(Run, recursive: true);
        Directory.CreateDirectory(Run);
        File.WriteAllText(_folder.Of("run", name), "mine");
        Assert.Contains("was not written by this run", Assert.Throws<EspalierException>(() => Write(name, "new")).Message,
            StringComparison.Ordinal);
        Assert.Equal("mine", File.ReadAllText(_folder.Of("run", name)));
        Write(name, "mine");

        // What holds the same already is left, and stays the user's.
        File.AppendAllText(_folder.Of("run", name), " and changed");
        Assert.Throws<EspalierException>(() => Write(name, "new"));
    }

    [Fact]
    public void A_users_page_in_place_of_the_report_of_version_0_1_is_refused()
    {
        Version01();
        File.WriteAllText(_folder.Of("run", "report.html"), "<html><head><title>My report</title></head></html>");
        Assert.Throws<EspalierException>(() => Write("report.html", "new"));
    }

    [Fact]
    public void A_look_before_the_work_creates_nothing_and_finds_the_same()
    {
        RunFolder.Check(Run, Student, Gguf);
        Assert.False(Path.Exists(Run));
        Publish("first");
        RunFolder.Check(Run, Student, Gguf);
        File.WriteAllText(Path.Combine(Student, "notes"), "mine");
        Assert.Throws<EspalierException>(() => RunFolder.Check(Run, Student, Gguf));
    }

    [Fact]
    public void Paths_in_run_json_that_this_program_does_not_give_delete_nothing()
    {
        Publish("first");
        Directory.CreateDirectory(_folder.Of("precious"));
        File.WriteAllText(_folder.Of("precious", "x"), "x");
        var manifest = RunManifest.Load(Run)!;
        manifest = manifest with { Unfinished = ["../precious", "student", "/", ""] };
        File.WriteAllBytes(_folder.Of("run", "run.json"),
            System.Text.Json.JsonSerializer.SerializeToUtf8Bytes(manifest, RecordJson.Of<RunManifest>()));
        Open().Dispose();
        Assert.True(File.Exists(_folder.Of("precious", "x")));
        Assert.True(File.Exists(Path.Combine(Student, "config.json")));
    }

    [Fact]
    public void A_run_knows_its_own_files_from_those_that_lie_beside_them()
    {
        Publish("first");
        using var run = Open();
        Assert.All(["student/config.json", "student-f32.gguf", "stages/data-0/x.md", "run.json", "results.json", "report.html"],
            name => Assert.True(run.Owns(_folder.Of("run", name)), name));
        Assert.All(["students/x.md", "notes.md", "../run.md", "other/student/x.md"],
            name => Assert.False(run.Owns(_folder.Of("run", name)), name));
    }

    private static RunManifest Manifest() => new()
    {
        ProgramVersion = "0.2.0",
        RecipeHash = "",
        Seeds = new Dictionary<string, long>(),
        Machine = MachineFacts.Detect(1, new Dictionary<string, string>()),
    };

    private RunFolder Open()
    {
        var run = RunFolder.Open(Run);
        run.Save(run.Manifest ?? Manifest());
        return run;
    }

    private static void Make(string place, string text)
    {
        Directory.CreateDirectory(Path.Combine(place, "student", "model"));
        File.WriteAllText(Path.Combine(place, "student", "config.json"), "{}");
        File.WriteAllText(Path.Combine(place, "student", "model", "weights"), text);
        File.WriteAllText(Path.Combine(place, "student-f32.gguf"), text);
    }

    private void Publish(string text)
    {
        using var run = Open();
        run.Publish([Student, Gguf], place => Make(place, text));
    }

    private void Write(string name, string text)
    {
        using var run = Open();
        run.WriteFile(name, stream => stream.Write(System.Text.Encoding.UTF8.GetBytes(text)));
    }

    private void Refused(string words)
    {
        var error = Assert.Throws<EspalierException>(() => Publish("another"));
        Assert.Equal(2, error.ExitCode);
        Assert.Contains(words, error.Message, StringComparison.Ordinal);
        Assert.Contains("move it away, or choose another output folder", error.Message, StringComparison.Ordinal);
    }

    /// <summary>A finished run as version 0.1 left it: no list of outputs, and an export whose record has their hashes.</summary>
    private void Version01()
    {
        using var run = RunFolder.Open(Run);
        Make(Run, "first");
        File.WriteAllText(_folder.Of("run", "recipe.yaml"), "teacher: there");
        File.WriteAllText(_folder.Of("run", "report.html"),
            "<!doctype html><html><head><title>quickstart \u00b7 Espalier</title></head></html>");
        using var stage = run.Stage("export", new JsonObject { ["folder"] = "student" }, new Dictionary<string, string>());
        stage.Begin();
        stage.Complete(new() { ["folder"] = ContentHash.OfFolder(Student), ["student-f32.gguf"] = ContentHash.OfFile(Gguf) });
        var manifest = Manifest();
        File.WriteAllText(_folder.Of("run", "run.json"), System.Text.Json.JsonSerializer.Serialize(manifest, RecordJson.Of<RunManifest>()));
        Assert.Null(RunManifest.Load(Run)!.Outputs);
    }
}

/// <summary>A test of files that may not be read.</summary>
internal sealed class UnprivilegedTheoryAttribute : TheoryAttribute
{
    public UnprivilegedTheoryAttribute() => Skip = Environment.IsPrivilegedProcess ? "root may read every file" : null;
}
